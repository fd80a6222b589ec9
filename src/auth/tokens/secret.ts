/** 256 random bits as 43 characters. */
export const randomSecret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');

/** SHA-256 of a random secret, in hex, to store in its place. Too fast for passphrases. */
export async function secretHash(secret: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))).toString('hex');
}
