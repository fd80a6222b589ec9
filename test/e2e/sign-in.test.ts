import { beforeAll, expect, test } from 'vitest';
import { browser } from '../helpers/browser.ts';
import { useFixtures } from '../helpers/fixture.ts';
import { useGateway } from '../helpers/gateway.ts';
import { claimIssuer, enter, openIdArguments, openIdSettings, signInAt } from '../helpers/person.ts';

const { start } = useFixtures();
let issuer: string;

const { gateway } = useGateway(async () => {
  issuer = await claimIssuer();
  const github = await start('github.mjs', 'Octo', '583231', 'cats');
  return {
    ...openIdSettings(issuer, 'alice@example.com, unverified@example.com'),
    OWNER_SIGN_INS: 'boss@example.com',
    GITHUB_CLIENT_ID: 'gateway',
    GITHUB_CLIENT_SECRET: 'a-made-up-client-secret',
    GITHUB_ALLOWED: 'someone-else, org:cats',
    GITHUB_URL: github,
    GITHUB_API_URL: github,
  };
});

const origin = () => new URL(gateway().url).origin;

beforeAll(() => start('openid-provider.mjs', ...openIdArguments(issuer, origin())));

const enterAs = (login: string) => enter(origin(), issuer, login, '/connections');

/** The account of a signed-in browser. */
const accountOf = (visitor: ReturnType<typeof browser>) => [...visitor.jar.values()][0]?.split('.')[0];

test('a person on the list signs in through a real OpenID provider, and has the same account each time', async () => {
  const { visitor, page } = await enterAs('alice');
  expect({ url: page.url, status: page.status }).toEqual({ url: `${origin()}/connections`, status: 200 });
  expect(page.html).toContain('alice@example.com');
  expect(accountOf(visitor)).toMatch(/^[0-9a-f]{32}$/);
  expect(accountOf((await enterAs('alice')).visitor)).toBe(accountOf(visitor));
});

test('an operator can name the owner', async () => {
  expect(accountOf((await enterAs('boss')).visitor)).toBe('owner');
});

test.each(['mallory', 'unverified'])('%s is refused', async (login) => {
  const { visitor, page } = await enterAs(login);
  expect(page.status).toBe(403);
  expect(page.html).toContain('may not use this gateway');
  expect((await visitor.go(`${origin()}/connections`)).url).toContain('/sign-in');
});

test('an answer of the provider is valid once, and only in the browser that started the sign-in', async () => {
  const visitor = browser(fetch);
  const callback = await signInAt(issuer, (await visitor.go(`${origin()}/sign-in/oidc`)).url, 'alice');
  expect((await browser(fetch).go(callback)).status).toBe(400);
  expect((await visitor.go(callback)).status).toBe(200);
  expect((await visitor.go(callback)).status).toBe(400);
});

test('an answer with another state is refused', async () => {
  const visitor = browser(fetch);
  const callback = new URL(await signInAt(issuer, (await visitor.go(`${origin()}/sign-in/oidc`)).url, 'alice'));
  callback.searchParams.set('state', 'another');
  expect((await visitor.go(callback.href)).status).toBe(400);
});

test('a member of an allowed organization signs in with GitHub', async () => {
  const visitor = browser(fetch);
  const { url } = await visitor.go(`${origin()}/sign-in/github?next=/tokens`);
  const page = await visitor.go((await browser(fetch).go(url)).url);
  expect({ url: page.url, status: page.status }).toEqual({ url: `${origin()}/tokens`, status: 200 });
  expect(page.html).toContain('Octo');
});
