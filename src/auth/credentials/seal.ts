/** Bytes of the random start value of AES-GCM. */
const NONCE_BYTES = 12;

const encode = (text: string) => new TextEncoder().encode(text);

/** The key that a secret of the Worker stands for, by HKDF (RFC 5869). */
async function keyOf(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', encode(secret), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encode('credentials of accounts') };
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** Encrypts a text. It opens only with the same secret and for the same place, such as an account and a name. */
export async function seal(secret: string, place: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: encode(place) },
    await keyOf(secret),
    encode(text),
  );
  return Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64url');
}

/** The text that was sealed for a place, or undefined if it was sealed with another secret, for another place, or was changed. */
export async function unseal(secret: string, place: string, sealed: string): Promise<string | undefined> {
  const bytes = Buffer.from(sealed, 'base64url');
  const algorithm = { name: 'AES-GCM', iv: bytes.subarray(0, NONCE_BYTES), additionalData: encode(place) };
  const opened = crypto.subtle.decrypt(algorithm, await keyOf(secret), bytes.subarray(NONCE_BYTES));
  return opened.then(
    (text) => new TextDecoder().decode(text),
    () => undefined,
  );
}
