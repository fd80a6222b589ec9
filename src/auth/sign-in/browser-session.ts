import { accessOf } from '../../objects.ts';
import { BROWSER_SESSION_MS } from '../tokens/access.ts';
import { cookieOf, setCookie } from './cookies.ts';

const SESSION_COOKIE = 'session';
const SESSION = /^([a-z0-9]{1,64})\.([\w-]{43})$/;

/** Who is signed in: an account, and how its person is shown. */
export interface Person {
  account: string;
  label: string;
}

function readSession(request: Request): { account: string; secret: string } | null {
  const [, account, secret] = SESSION.exec(cookieOf(request, SESSION_COOKIE) ?? '') ?? [];
  return account && secret ? { account, secret } : null;
}

/** The person who is signed in with this browser; null where nobody is. */
export async function personOf(request: Request, env: Env): Promise<Person | null> {
  const session = readSession(request);
  if (!session) return null;
  const label = await accessOf(env, session).browserSessionLabel(session.secret);
  return label === null ? null : { account: session.account, label };
}

/** Signs a browser in. Returns the Set-Cookie header. */
export async function openBrowserSession(env: Env, { account, label }: Person): Promise<string> {
  const secret = await accessOf(env, { account }).openBrowserSession(label);
  return setCookie(SESSION_COOKIE, `${account}.${secret}`, BROWSER_SESSION_MS / 1000);
}

/** Signs a browser out, here and at the account. Returns the Set-Cookie header. */
export async function closeBrowserSession(request: Request, env: Env): Promise<string> {
  const session = readSession(request);
  if (session) await accessOf(env, session).closeBrowserSession(session.secret);
  return setCookie(SESSION_COOKIE, '', 0);
}
