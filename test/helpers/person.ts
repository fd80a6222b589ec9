import { claimPort, LOOPBACK } from '../../scripts/local/port.ts';
import { browser } from './browser.ts';

/** Settings of a gateway with sign-in at the OpenID provider of test/fixtures. */
export const openIdSettings = (issuer: string, allowed: string) => ({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: 'gateway',
  OIDC_CLIENT_SECRET: 'a-made-up-client-secret',
  OIDC_ALLOWED: allowed,
});

/** Claims the address of an OpenID provider. */
export const claimIssuer = async (): Promise<string> => `http://${LOOPBACK}:${await claimPort(0)}`;

/** Arguments of that OpenID provider, once the gateway's origin is known. */
export const openIdArguments = (issuer: string, origin: string) => [new URL(issuer).port, `${origin}/sign-in/callback`];

/** Signs in at the provider in a separate browser. Returns the callback URL without opening it. */
export async function signInAt(issuer: string, url: string, login: string): Promise<string> {
  const person = browser(fetch);
  let page = await person.go(url);
  for (let form = 0; form < 3 && page.url.startsWith(issuer); form += 1) {
    const [, action = ''] = /<form[^>]*action="([^"]+)"/.exec(page.html) ?? [];
    page = await person.submit(page, action, page.html.includes('name="login"') ? { login, password: 'any' } : {});
  }
  return page.url;
}

/** Signs in through the provider and opens a page of the gateway. */
export async function enter(origin: string, issuer: string, login: string, path: string) {
  const visitor = browser(fetch);
  const { url } = await visitor.go(`${origin}/sign-in/oidc?next=${path}`);
  return { visitor, page: await visitor.go(await signInAt(issuer, url, login)) };
}

/** Creates an API token on the tokens page. */
export async function makeToken(origin: string, issuer: string, login: string): Promise<string> {
  const { visitor, page } = await enter(origin, issuer, login, '/tokens');
  const made = await visitor.submit(page, '/tokens', { name: 'a test', scope: ['jobs:read', 'jobs:run'], days: '7' });
  const [token] = /lcg_[\w-]+/.exec(made.html) ?? [];
  if (!token) throw new Error(`no token was created: ${made.status} ${made.html.slice(0, 2_000)}`);
  return token;
}
