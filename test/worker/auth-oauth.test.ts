import { createScheduledController } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import worker from '../../src/index.ts';
import { type Browser, browser } from '../helpers/browser.ts';
import { gatewayWith, mcpCall, ORIGIN, ownerBrowser, RESOURCE, withPassphrase } from './helpers/gateway.ts';
import { passTime } from './helpers/time.ts';

const MINUTE_MS = 60_000;
const REDIRECT = 'https://claude.ai/api/mcp/auth_callback';
let send: ReturnType<typeof gatewayWith>;
let owner: Browser;
let options: { [oauth.customFetch]: (url: string, init: object) => Promise<Response> };

beforeAll(async () => {
  send = gatewayWith(await withPassphrase());
  owner = await ownerBrowser(send);
  options = { [oauth.customFetch]: (url, init) => send(url, init) };
});

const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
afterAll(() => warned.mockRestore());

async function discover() {
  const challenge = await send(RESOURCE, { method: 'POST' });
  const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge.headers.get('www-authenticate') ?? '') ?? [];
  expect(metadata).toBe(`${ORIGIN}/.well-known/oauth-protected-resource/mcp`);
  const found = await oauth.resourceDiscoveryRequest(new URL(RESOURCE), options);
  const resource = await oauth.processResourceDiscoveryResponse(new URL(RESOURCE), found);
  const issuer = new URL(resource.authorization_servers?.[0] ?? '');
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
  return oauth.processDiscoveryResponse(issuer, answer);
}

async function register(server: oauth.AuthorizationServer, method: 'none' | 'client_secret_post' = 'none') {
  const wanted = { client_name: 'Strict', redirect_uris: [REDIRECT], token_endpoint_auth_method: method };
  const client = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(server, wanted, options),
  );
  const secret = client.client_secret;
  return { client, auth: typeof secret === 'string' ? oauth.ClientSecretPost(secret) : oauth.None() };
}

/** Opens the consent page at the URL to which a client sends a person. */
async function openConsent(server: oauth.AuthorizationServer, client: oauth.Client, scope: string) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint ?? '');
  const challenge = await oauth.calculatePKCECodeChallenge(verifier);
  const asked = { client_id: client.client_id, redirect_uri: REDIRECT, response_type: 'code', resource: RESOURCE, scope, state };
  url.search = new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: 'S256' }).toString();
  return { page: await owner.go(url.href), verifier, state };
}

/** Gives consent and redeems the code. */
async function connect(scope: string, method: 'none' | 'client_secret_post' = 'none') {
  const server = await discover();
  const { client, auth } = await register(server, method);
  const authorize = async (wanted: string) => {
    const { page, verifier, state } = await openConsent(server, client, wanted);
    const { url } = await owner.submit(page, '/authorize', { decision: 'allow' });
    const answer = oauth.validateAuthResponse(server, client, new URL(url), state);
    return oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(server, client, auth, answer, REDIRECT, verifier, {
        additionalParameters: { resource: RESOURCE },
        ...options,
      }),
    );
  };
  const refresh = async (token: string) =>
    oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, auth, token, options));
  const revoke = async (token: string) =>
    oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth, token, options));
  return { tokens: await authorize(scope), authorize, refresh, revoke };
}

const list = (token: string) => send(RESOURCE, mcpCall(token, 'tools/list'));
const tokenOf = ({ refresh_token = '' }: oauth.TokenEndpointResponse) => refresh_token;

test.each(['none', 'client_secret_post'] as const)(
  'a strict client with authentication %s registers, gets consent and a token, calls, refreshes and revokes',
  async (method) => {
    const { tokens, refresh, revoke } = await connect('jobs:read jobs:run', method);
    expect(tokens).toMatchObject({ scope: 'jobs:read jobs:run', expires_in: 3_600, resource: RESOURCE });
    expect((await list(tokens.access_token)).status).toBe(200);
    const second = await refresh(tokenOf(tokens));
    expect(second.access_token).not.toBe(tokens.access_token);
    expect((await list(second.access_token)).status).toBe(200);
    await revoke(tokenOf(second));
    expect((await list(second.access_token)).status).toBe(401);
    await expect(refresh(tokenOf(second))).rejects.toMatchObject({ error: 'invalid_grant' });
  },
);

test('a refresh whose answer was lost can be repeated, until the new token is used', async () => {
  const { tokens, refresh } = await connect('jobs:read');
  await refresh(tokenOf(tokens));
  passTime(MINUTE_MS + 1);
  const again = await refresh(tokenOf(tokens));
  await refresh(tokenOf(again));
  passTime(MINUTE_MS + 1);
  await expect(refresh(tokenOf(tokens))).rejects.toMatchObject({ error: 'invalid_grant' });
});

test.each(['none', 'client_secret_post'] as const)(
  'with authentication %s, every refresh with one token within a minute returns tokens that work',
  async (method) => {
    const { tokens, refresh } = await connect('jobs:read', method);
    const parallel = await Promise.all([1, 2, 3].map(() => refresh(tokenOf(tokens))));
    const next = await Promise.all(parallel.map((found) => refresh(tokenOf(found))));
    const late = await refresh(tokenOf(tokens));
    for (const { access_token } of [...parallel, ...next, late]) expect((await list(access_token)).status).toBe(200);
    expect((await list((await refresh(tokenOf(await refresh(tokenOf(late))))).access_token)).status).toBe(200);
  },
);

test('a refresh is not repeated for another client, or once the access was revoked', async () => {
  const { tokens, refresh, revoke } = await connect('jobs:read', 'client_secret_post');
  await refresh(tokenOf(tokens));
  const server = await discover();
  const { client } = await register(server);
  const asOther = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokenOf(tokens), options);
  expect(await asOther.json()).toMatchObject({ error: 'invalid_grant' });
  const again = await refresh(tokenOf(tokens));
  await revoke(tokenOf(again));
  await expect(refresh(tokenOf(tokens))).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('a call beyond the grant is refused with every scope it needs, and works after the step-up', async () => {
  const { tokens, authorize } = await connect('jobs:read');
  const call = (token: string) =>
    send(RESOURCE, mcpCall(token, 'tools/call', { name: 'llm_job_cancel', arguments: { jobId: 'job_0' } }));
  const refused = await call(tokens.access_token);
  expect(refused.status).toBe(403);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  expect(challenge).toContain('error="insufficient_scope"');
  expect(challenge).toContain(`resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`);
  const [, scope = ''] = /scope="([^"]+)"/.exec(challenge) ?? [];
  expect(scope).toBe('jobs:read jobs:run');
  const answered = await call((await authorize(scope)).access_token);
  expect(answered.status).toBe(200);
  expect(await answered.text()).toContain('job_not_found');
});

test('a denial returns to the client with access_denied, its state and the issuer', async () => {
  const server = await discover();
  const { client } = await register(server);
  const { page, state } = await openConsent(server, client, 'jobs:read');
  const { url } = await owner.submit(page, '/authorize', { decision: 'deny' });
  expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({ error: 'access_denied', state, iss: ORIGIN });
});

test('consent is required for each request, once per page, and only in the browser that opened it', async () => {
  const server = await discover();
  const { client } = await register(server);
  const { page } = await openConsent(server, client, 'jobs:read');
  const elsewhere = await ownerBrowser(send);
  expect((await elsewhere.submit(page, '/authorize', { decision: 'allow' })).status).toBe(400);
  expect((await owner.submit(page, '/authorize', { decision: 'allow' })).url).toContain(`${REDIRECT}?code=`);
  expect((await owner.submit(page, '/authorize', { decision: 'allow' })).status).toBe(400);
  expect((await openConsent(server, client, 'jobs:read')).page.html).toContain('Strict</strong> asks');
});

test('a person may allow less than was requested', async () => {
  const server = await discover();
  const { client } = await register(server);
  const { page } = await openConsent(server, client, 'jobs:read jobs:run');
  expect(page.html).toContain('Not verified');
  expect(page.html).toContain('<strong>claude.ai</strong>');
  expect((await owner.submit(page, '/authorize', { decision: 'allow', scope: [] })).status).toBe(400);
});

test('the consent form is refused from another site', async () => {
  const server = await discover();
  const { client } = await register(server);
  const { page } = await openConsent(server, client, 'jobs:read');
  const body = new URLSearchParams({ handle: /name="handle" value="([^"]+)"/.exec(page.html)?.[1] ?? '', decision: 'allow' });
  const headers = { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded' };
  const posted = await owner.go(`${ORIGIN}/authorize`, { method: 'POST', headers, body: body.toString() });
  expect(posted.status).toBe(403);
});

test('what a client calls itself is shown as text', async () => {
  const server = await discover();
  const name = '<script>alert(1)</script><img src=x onerror=alert(1)>"';
  const wanted = { client_name: name, redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' };
  const answer = await oauth.dynamicClientRegistrationRequest(server, wanted, options);
  const client = await oauth.processDynamicClientRegistrationResponse(answer);
  const { page } = await openConsent(server, client, '<b>x</b> jobs:read');
  expect(page.html).not.toMatch(/<script|<img|<b>x/);
  expect(page.html).toContain('&lt;script&gt;');
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(page.headers.get('content-security-policy')).not.toMatch(/script-src|unsafe/);
  expect(page.headers.get('x-frame-options')).toBe('DENY');
});

const CLIENT = 'https://app.test/oauth/client.json';

/** A client that publishes its description at its client id, as Claude Code does. */
function publish(change: Record<string, unknown> = {}) {
  const document = {
    client_id: CLIENT,
    client_name: 'Published',
    redirect_uris: [REDIRECT],
    token_endpoint_auth_method: 'none',
    ...change,
  };
  const web = vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation(async () => Response.json(document, { headers: { 'cache-control': 'no-store' } }));
  onTestFinished(() => web.mockRestore());
  return { client_id: CLIENT };
}

test('a client that publishes its own description is shown as verified, and receives a token without registering', async () => {
  const server = await discover();
  const client = publish();
  const { page, verifier, state } = await openConsent(server, client, 'jobs:read');
  expect(page.html).toContain('Verified: published by <strong>app.test</strong>');
  const { url } = await owner.submit(page, '/authorize', { decision: 'allow' });
  const answer = oauth.validateAuthResponse(server, client, new URL(url), state);
  const redeemed = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, REDIRECT, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, redeemed);
  expect((await list(tokens.access_token)).status).toBe(200);
});

test('a client that publishes the description of another client is refused on a page', async () => {
  const server = await discover();
  const { page } = await openConsent(server, publish({ client_id: 'https://other.test/client.json' }), 'jobs:read');
  expect({ status: page.status, url: page.url.startsWith(ORIGIN) }).toEqual({ status: 400, url: true });
});

const redirects = ['https://claude.ai@evil.test/cb', 'http://evil.test/cb', 'javascript:alert(1)', 'https://claude.ai/cb#x'];

test.each(redirects)('a client with the redirect %s is refused', async (redirect) => {
  const body = JSON.stringify({ client_name: 'x', redirect_uris: [redirect], token_endpoint_auth_method: 'none' });
  const response = await send('/oauth/register', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 400 });
});

const requests: [string, Record<string, string>, RegExp][] = [
  ['no PKCE', { code_challenge: '', code_challenge_method: '' }, /error=invalid_request/],
  ['plain PKCE', { code_challenge_method: 'plain' }, /error=invalid_request/],
  ['another resource', { resource: 'https://other.test/mcp' }, /error=invalid_target/],
  ['the implicit grant', { response_type: 'token' }, /error=unsupported_response_type/],
];

test.each(requests)('a request with %s returns to the client as an error, before a sign-in too', async (_name, change, error) => {
  const server = await discover();
  for (const method of ['none', 'client_secret_post'] as const) {
    const { client } = await register(server, method);
    const challenge = await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier());
    const asked = { client_id: client.client_id, redirect_uri: REDIRECT, response_type: 'code', resource: RESOURCE };
    const whole = { ...asked, code_challenge: challenge, code_challenge_method: 'S256', ...change };
    const given = Object.entries(whole).filter(([, value]) => value !== '');
    for (const person of [owner, browser(send)]) {
      const { url } = await person.go(`${ORIGIN}/authorize?${new URLSearchParams(given)}`);
      expect(url).toMatch(error);
      expect(url).toContain(`iss=${encodeURIComponent(ORIGIN)}`);
    }
  }
});

test('a request with an unknown redirect is refused on a page', async () => {
  const { client } = await register(await discover());
  const asked = { client_id: client.client_id, redirect_uri: 'https://evil.test/cb', response_type: 'code' };
  const page = await owner.go(`${ORIGIN}/authorize?${new URLSearchParams(asked)}`);
  expect({ url: page.url.startsWith(ORIGIN), status: page.status }).toEqual({ url: true, status: 400 });
});

test('a person whose app is not registered any more reads what to do, before a sign-in', async () => {
  const asked = { client_id: 'AbCdEfGh12345678', redirect_uri: REDIRECT, response_type: 'code' };
  const page = await browser(send).go(`${ORIGIN}/authorize?${new URLSearchParams(asked)}`);
  expect(page.status).toBe(400);
  expect(page.html).toContain('Remove the connection to this gateway in the app, then add it again.');
});

test('the page of connections lists a grant, and a revoked grant fails at the next call', async () => {
  const { tokens } = await connect('jobs:read');
  const page = await owner.go(`${ORIGIN}/connections`);
  const grant = tokens.access_token.split(':')[1] ?? '';
  expect(page.html).toContain(`/connections/${grant}/revoke`);
  await owner.submit(page, `/connections/${grant}/revoke`);
  expect((await list(tokens.access_token)).status).toBe(401);
  expect((await owner.go(`${ORIGIN}/connections`)).html).not.toContain(grant);
});

test('the nightly sweep removes the grants of removed clients', async () => {
  const { tokens } = await connect('jobs:read');
  const grants = async () => (await env.OAUTH_KV.list({ prefix: 'grant:' })).keys.map(({ name }) => name);
  const [, grant = ''] = tokens.access_token.split(':');
  expect((await grants()).join()).toContain(grant);
  for (const { name } of (await env.OAUTH_KV.list({ prefix: 'client:' })).keys) await env.OAUTH_KV.delete(name);
  await worker.scheduled(createScheduledController(), env);
  expect((await grants()).join()).not.toContain(grant);
  expect((await list(tokens.access_token)).status).toBe(401);
});
