import { accessOf } from '../../objects.ts';
import type { AppContext, Person } from '../app-env.ts';
import { BROWSER_SESSION_MS } from '../tokens/access.ts';
import { cookieOf, setCookie } from './cookies.ts';

const SESSION_COOKIE = 'session';
const SESSION = /^([a-z0-9]{1,64})\.([\w-]{43})$/;

function sessionOf(c: AppContext) {
  const [, account, secret] = SESSION.exec(cookieOf(c.req.raw, SESSION_COOKIE) ?? '') ?? [];
  return account && secret ? { account, secret, access: accessOf(c.env, { account }) } : undefined;
}

/** The person who is signed in with this browser, or undefined. */
export async function personOf(c: AppContext): Promise<Person | undefined> {
  const session = sessionOf(c);
  const label = await session?.access.browserSessionLabel(session.secret);
  return session && label ? { account: session.account, label } : undefined;
}

/** Signs a browser in. Returns the Set-Cookie header. */
export async function openBrowserSession(c: AppContext, { account, label }: Person): Promise<string> {
  const secret = await accessOf(c.env, { account }).openBrowserSession(label);
  return setCookie(SESSION_COOKIE, `${account}.${secret}`, BROWSER_SESSION_MS / 1000);
}

/** Signs a browser out. Returns the Set-Cookie header. */
export async function closeBrowserSession(c: AppContext): Promise<string> {
  const session = sessionOf(c);
  await session?.access.closeBrowserSession(session.secret);
  return setCookie(SESSION_COOKIE, '', 0);
}
