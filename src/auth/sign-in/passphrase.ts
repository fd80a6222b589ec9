import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Takes about 250 ms and 32 of a Worker's 128 MiB. Recommended in OWASP Password Storage, 2025. */
const COST = { N: 32_768, r: 8, p: 3 } as const;
const KEY_BYTES = 32;
const MEMORY_BYTES = 67_108_864;
const HASH = /^scrypt\.(\d{1,7})\.(\d{1,2})\.(\d{1,2})\.([\w-]{22})\.([\w-]{43})$/;

/** Cost of scrypt: its N, r and p. */
type Cost = Record<keyof typeof COST, number>;

const derive = (passphrase: string, salt: Uint8Array, cost: Cost) =>
  new Promise<Buffer>((resolve, reject) => {
    const options = { ...cost, maxmem: MEMORY_BYTES };
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });

/** The hash of a passphrase for OWNER_PASSPHRASE_HASH: scrypt.N.r.p.salt.key. It states its cost. */
export async function hashPassphrase(passphrase: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(passphrase, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('.');
}

/** True for the passphrase of a hash. Compares in constant time. Throws if the hash is not valid. */
export async function isPassphrase(passphrase: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = HASH.exec(hash) ?? [];
  if (!key) throw new Error('OWNER_PASSPHRASE_HASH is not what `npm run passphrase` prints');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return timingSafeEqual(await derive(passphrase, Buffer.from(salt, 'base64url'), cost), Buffer.from(key, 'base64url'));
}
