import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { browser } from '../helpers/browser.ts';
import {
  gatewayWith,
  listTools,
  mcpCall,
  ORIGIN,
  OWNER_TOKEN,
  ownerBrowser,
  PASSPHRASE,
  RESOURCE,
  withPassphrase,
} from './helpers/gateway.ts';
import { passTime } from './helpers/time.ts';

let send: ReturnType<typeof gatewayWith>;
beforeAll(async () => {
  send = gatewayWith(await withPassphrase());
});

const documents = [
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
];

test.each(documents)('%s is served to browsers of any origin', async (path) => {
  const response = await send(path, { headers: { origin: 'https://app.test' } });
  expect(response.status).toBe(200);
  expect(response.headers.get('access-control-allow-origin')).toMatch(/^(\*|https:\/\/app\.test)$/);
  expect(await response.json()).toMatchObject(
    path.includes('resource')
      ? { resource: RESOURCE, authorization_servers: [ORIGIN], scopes_supported: ['jobs:read', 'jobs:run'] }
      : {
          issuer: ORIGIN,
          authorization_endpoint: `${ORIGIN}/authorize`,
          token_endpoint: `${ORIGIN}/oauth/token`,
          registration_endpoint: `${ORIGIN}/oauth/register`,
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
          client_id_metadata_document_supported: true,
          authorization_response_iss_parameter_supported: true,
          scopes_supported: expect.arrayContaining(['jobs:read', 'jobs:run', 'approvals:write', 'admin']),
        },
  );
});

test('without a token the answer names the metadata and the scopes to request', async () => {
  const response = await send(RESOURCE, { method: 'POST', body: '{}' });
  expect(response.status).toBe(401);
  const challenge = response.headers.get('www-authenticate');
  expect(challenge).toContain(`resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`);
  expect(challenge).toContain('scope="jobs:read jobs:run"');
  expect(challenge).not.toContain('error=');
});

const tokens = [
  'x',
  'lcg_owner_short',
  `lcg_owner_${'A'.repeat(43)}`,
  `lcg_nobody_${'A'.repeat(43)}`,
  'owner:grant:secret',
  'a:b',
];

test.each(tokens)('the token %s is invalid', async (token) => {
  const response = await listTools(send, token);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
});

const hosts: [url: string, settings: Record<string, string>, status: number][] = [
  ['http://evil.test/mcp', {}, 403],
  ['http://127.0.0.1:8787/mcp', {}, 200],
  ['http://localhost:8787/mcp', {}, 200],
  ['http://[::1]:8787/mcp', {}, 200],
  ['http://127.0.0.1.evil.test/mcp', {}, 403],
  ['https://any.test/mcp', {}, 200],
  ['https://any.test/mcp', { MCP_RESOURCE: 'https://own.test/mcp' }, 403],
  ['https://own.test/mcp', { MCP_RESOURCE: 'https://own.test/mcp' }, 200],
];

test.each(hosts)('a request to %s under the settings %o is answered with %i', async (url, settings, status) => {
  const response = await gatewayWith(settings)(url, mcpCall(OWNER_TOKEN, 'tools/list'));
  expect(response.status).toBe(status);
});

const origins: [origin: string, url: string, settings: Record<string, string>, isAllowed: boolean][] = [
  ['https://evil.test', RESOURCE, {}, false],
  ['null', RESOURCE, {}, false],
  [ORIGIN, RESOURCE, {}, true],
  ['https://app.test', RESOURCE, { ALLOWED_ORIGINS: 'https://other.test, https://app.test' }, true],
  ['http://localhost:6274', RESOURCE, {}, false],
  ['http://localhost:6274', 'http://127.0.0.1:8787/mcp', {}, true],
  ['https://evil.test', 'http://127.0.0.1:8787/mcp', {}, false],
];

test.each(origins)('a page of %s that calls %s under %o is allowed: %s', async (origin, url, settings, isAllowed) => {
  const call = mcpCall(OWNER_TOKEN, 'tools/list');
  const send = gatewayWith(settings);
  const response = await send(url, { ...call, headers: { ...call.headers, origin } });
  expect(response.status).toBe(isAllowed ? 200 : 403);
  expect(response.headers.get('access-control-allow-origin')).toBe(isAllowed ? origin : null);
  const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
  const preflight = await send(url, { method: 'OPTIONS', headers: asked });
  expect(preflight.status).toBe(isAllowed ? 204 : 403);
});

const lost: [method: string, headers: Record<string, string>][] = [
  ['POST', { 'content-type': 'application/json' }],
  ['GET', {}],
  ['GET', { accept: 'text/event-stream' }],
  ['DELETE', {}],
];

test.each(lost)('%s / with %o names the MCP URL', async (method, headers) => {
  const response = await send('/', { method, headers });
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status: 404,
    body: { error: { code: 'wrong_url', message: expect.stringContaining(RESOURCE) } },
  });
});

test('a signed-out visitor sees what the gateway is and how to connect', async () => {
  const page = await browser(send).go(`${ORIGIN}/`);
  expect(page.status).toBe(200);
  expect(page.html).toContain(`claude mcp add --transport http gateway ${RESOURCE}`);
});

test.each(['/tokens', '/connections'])('%s redirects a signed-out visitor to the sign-in', async (path) => {
  const page = await browser(send).go(`${ORIGIN}${path}`);
  expect(page.url).toBe(`${ORIGIN}/sign-in?next=${encodeURIComponent(path)}`);
});

test('without a configured sign-in method, nothing is granted and the missing settings are named', async () => {
  for (const path of ['/authorize?client_id=x', '/sign-in']) {
    const page = await browser(gatewayWith()).go(`${ORIGIN}${path}`);
    expect(page.status).toBe(503);
    for (const name of ['OWNER_PASSPHRASE_HASH', 'OIDC_ISSUER', 'GITHUB_CLIENT_ID']) expect(page.html).toContain(name);
  }
  const half = await browser(gatewayWith({ OIDC_ISSUER: 'https://id.test', OIDC_CLIENT_ID: 'x' })).go(`${ORIGIN}/sign-in`);
  expect(half.html).toContain('OIDC_CLIENT_SECRET');
  expect(half.html).not.toContain('GITHUB_CLIENT_ID');
});

test('the passphrase signs in, and a sign-out ends the session of a copied cookie too', async () => {
  const owner = await ownerBrowser(send);
  const [name, value] = [...owner.jar][0] ?? [];
  expect(name).toBe('__Host-session');
  const copy = browser(send);
  copy.jar.set(name ?? '', value ?? '');
  const page = await copy.go(`${ORIGIN}/connections`);
  expect(page.url).toBe(`${ORIGIN}/connections`);
  await owner.submit(page, '/sign-out');
  expect((await copy.go(`${ORIGIN}/connections`)).url).toContain('/sign-in');
});

test('a sign-in lasts twelve hours', async () => {
  const owner = await ownerBrowser(send);
  passTime(12 * 3_600_000 - 60_000);
  expect((await owner.go(`${ORIGIN}/connections`)).url).toBe(`${ORIGIN}/connections`);
  passTime(60_000);
  expect((await owner.go(`${ORIGIN}/connections`)).url).toContain('/sign-in');
});

test('cookies are bound to the host over https, and have another name over http on loopback', async () => {
  const signIn = async (origin: string) => {
    const body = new URLSearchParams({ passphrase: PASSPHRASE, next: '/' }).toString();
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' };
    return (await send(`${origin}/sign-in`, { method: 'POST', headers, body })).headers.get('set-cookie');
  };
  expect(await signIn(ORIGIN)).toMatch(/^__Host-session=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax/);
  expect(await signIn('http://127.0.0.1:8787')).toMatch(/^loopback-session=[^;]+; Path=\/; HttpOnly; SameSite=Lax/);
});

const destinations = [
  'https://evil.test/',
  '//evil.test',
  '/\\evil.test',
  '/\t/evil.test',
  '/.//evil.test',
  '/%2e//evil.test',
  'javascript:alert(1)',
];

test.each(destinations)('a sign-in does not redirect to %j', async (next) => {
  const stranger = browser(send);
  const form = await stranger.go(`${ORIGIN}/sign-in?${new URLSearchParams({ next })}`);
  const page = await stranger.submit(form, '/sign-in', { passphrase: PASSPHRASE, next });
  expect(new URL(page.url).origin).toBe(ORIGIN);
});

test('after ten wrong passphrases an address has to wait, and another does not', async () => {
  const from = (address: string) => {
    const stranger = browser((url, init) => {
      const headers = new Headers(init.headers);
      headers.set('cf-connecting-ip', address);
      return send(url, { ...init, headers });
    });
    return async (passphrase: string) =>
      (await stranger.submit(await stranger.go(`${ORIGIN}/sign-in`), '/sign-in', { passphrase })).status;
  };
  const guess = from('203.0.113.7');
  for (let attempt = 0; attempt < 10; attempt += 1) expect(await guess('wrong')).toBe(401);
  expect(await guess(PASSPHRASE)).toBe(429);
  expect(await from('203.0.113.8')(PASSPHRASE)).toBe(200);
});

const large: [path: string, headers: Record<string, string>][] = [
  ['/oauth/register', { 'content-type': 'application/json' }],
  ['/oauth/token', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['/sign-in', { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN }],
];

test.each(large)('a body of 1 MB to %s is refused before it is read', async (path, headers) => {
  const body = 'x'.repeat(1_048_576);
  expect((await send(path, { method: 'POST', headers, body })).status).toBe(413);
});

test('an account that calls too often receives the time to wait', async () => {
  const busy = gatewayWith({}, { RL_ACCOUNT: { limit: async ({ key }) => ({ success: key !== 'owner' }) } });
  const response = await busy(RESOURCE, mcpCall(OWNER_TOKEN, 'tools/list'));
  expect({ status: response.status, wait: response.headers.get('retry-after') }).toEqual({ status: 429, wait: '60' });
});

const limited = ['/oauth/register', '/oauth/token', '/authorize', '/sign-in'];

test.each(limited)('an address that calls %s too often has to wait, and another does not', async (path) => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warned.mockRestore());
  const post = (address: string) => send(path, { method: 'POST', headers: { 'cf-connecting-ip': address } });
  const block = `2001:db8:${limited.indexOf(path)}:1`;
  let status = 0;
  for (let count = 0; count < 200 && status !== 429; count += 1) ({ status } = await post(`${block}::${count}`));
  expect((await post(`${block}::ffff`)).headers.get('retry-after')).toBe('60');
  expect((await post('198.51.100.1')).status).not.toBe(429);
});

test('the sign-in page lets its form lead to an app only on the way to consent', async () => {
  const policyOf = async (next: string) =>
    (await browser(send).go(`${ORIGIN}/sign-in?next=${encodeURIComponent(next)}`)).headers.get('content-security-policy');
  expect(await policyOf('/authorize?client_id=x')).not.toContain('form-action');
  expect(await policyOf('/tokens')).toContain("form-action 'self'");
});
