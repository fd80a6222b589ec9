import { directoryOf, jobName } from '../objects.ts';

/** Bytes of a signature. */
const MAC_BYTES = 16;
const TOKEN = /^([\w-]{1,64})\.([\w-]{1,64})\.([\w-]{16,128})\.([\w-]{22})$/;

const encode = (text: string) => new TextEncoder().encode(text);

/** The key of this gateway's signatures. It is asked for once. */
let key: Promise<CryptoKey> | undefined;

function keyOf(env: Env): Promise<CryptoKey> {
  key ??= directoryOf(env)
    .gateKey()
    .then((secret) => crypto.subtle.importKey('raw', encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']))
    .catch((error: unknown) => {
      key = undefined;
      throw error;
    });
  return key;
}

async function macOf(env: Env, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await keyOf(env), encode(text));
  return Buffer.from(mac).subarray(0, MAC_BYTES).toString('base64url');
}

/** The token with which a job's run calls the gate. It is signed, so that a made-up one is refused without asking for its job. */
export async function runToken(env: Env, { account, id }: { account: string; id: string }, secret: string): Promise<string> {
  const text = `${account}.${id}.${secret}`;
  return `${text}.${await macOf(env, text)}`;
}

/** The account and the job's name that a token was made for, and the secret to compare with the job's; null if it was not made here. */
export async function readRunToken(env: Env, token: string): Promise<{ account: string; job: string; secret: string } | null> {
  const [, account, id, secret, mac] = TOKEN.exec(token) ?? [];
  if (!account || !id || !secret || !mac) return null;
  const known = await macOf(env, `${account}.${id}.${secret}`);
  return crypto.subtle.timingSafeEqual(encode(mac), encode(known)) ? { account, job: jobName({ account, id }), secret } : null;
}
