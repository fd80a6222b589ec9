import { SESSION_MS } from '../tokens/access.ts';
import { cookieOf, setCookie } from './cookies.ts';

const NAME = 'session';
const SHAPE = /^([a-z0-9]{1,64})\.([\w-]{43})$/;

/** Who is signed in: an account, and how its person is shown. */
export interface Person {
  account: string;
  label: string;
}

function read(request: Request): { account: string; secret: string } | null {
  const [, account, secret] = SHAPE.exec(cookieOf(request, NAME) ?? '') ?? [];
  return account && secret ? { account, secret } : null;
}

/** The person who is signed in with this browser; null where nobody is. */
export async function personOf(request: Request, env: Env): Promise<Person | null> {
  const session = read(request);
  if (!session) return null;
  const label = await env.ACCESS.getByName(session.account).sessionLabel(session.secret);
  return label === null ? null : { account: session.account, label };
}

/** Signs a browser in. Returns the Set-Cookie header. */
export async function signIn(env: Env, { account, label }: Person): Promise<string> {
  const secret = await env.ACCESS.getByName(account).openSession(label);
  return setCookie(NAME, `${account}.${secret}`, SESSION_MS / 1000);
}

/** Signs a browser out, here and at the account. Returns the Set-Cookie header. */
export async function signOut(request: Request, env: Env): Promise<string> {
  const session = read(request);
  if (session) await env.ACCESS.getByName(session.account).closeSession(session.secret);
  return setCookie(NAME, '', 0);
}
