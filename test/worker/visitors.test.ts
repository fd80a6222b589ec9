import { expect, test } from 'vitest';
import { browser } from '../helpers/browser.ts';
import { gatewayWith, mcpCall, ORIGIN, RESOURCE } from './helpers/gateway.ts';

const send = gatewayWith();
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const LOOPBACK = 'http://127.0.0.1:8787';

const tokens: [what: string, headers: Record<string, string>, message: RegExp][] = [
  ['no token', {}, /requires a bearer token/],
  ['another scheme', { authorization: 'Basic YTpi' }, /requires a bearer token/],
  ['Bearer without a token', { authorization: 'Bearer ' }, /requires a bearer token/],
  ['an unknown token', { authorization: 'Bearer made-up' }, /unknown, expired or revoked/],
  ['an unknown API token', { authorization: `Bearer lcg_owner_${'a'.repeat(43)}` }, /unknown, expired or revoked/],
  ['an unknown OAuth token', { authorization: 'Bearer owner:grant:secret' }, /unknown, expired or revoked/],
];

test.each(tokens)('a request with %s is told apart in its 401', async (_what, headers, message) => {
  for (const path of ['/mcp', '/api/tokens', '/health?deep=1']) {
    const response = await send(path, { headers });
    expect({ path, status: response.status, body: await response.json() }).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized', message: expect.stringMatching(message) } },
    });
  }
});

test('a browser at /mcp gets a page that explains how to connect', async () => {
  const page = await browser(send).go(RESOURCE);
  expect(page.status).toBe(200);
  expect(page.html).toContain(`claude mcp add --transport http gateway ${RESOURCE}`);
});

test.each([
  ['accepts events', { accept: 'text/event-stream, text/html' }],
  ['accepts anything', { accept: '*/*' }],
  ['sends a token', { ...BROWSER, authorization: 'Bearer made-up' }],
])('a client that %s gets the challenge at /mcp, not the page', async (_what, headers) => {
  const response = await send('/mcp', { headers });
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('resource_metadata=');
});

test('a POST to /mcp is never answered with a page', async () => {
  const call = mcpCall('made-up', 'tools/list');
  expect((await send('/mcp', { ...call, headers: { 'content-type': 'application/json', ...BROWSER } })).status).toBe(401);
});

test.each(['/jobs', '/a/b', '/mcp/x', '/index.html'])(
  'a browser at the unknown path %s gets a page, a program gets JSON',
  async (path) => {
    const page = await send(path, { headers: BROWSER });
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('There is no page at this address.');
    expect(await (await send(path)).json()).toMatchObject({ error: { code: 'not_found' } });
  },
);

test.each(['/', '/mcp'])('%s of a gateway on this machine suggests no app that connects from the cloud', async (path) => {
  const text = await (await send(`${LOOPBACK}${path}`, { headers: BROWSER })).text();
  expect(text).toContain(`${LOOPBACK}/mcp`);
  expect(text).not.toMatch(/Claude\.ai|ChatGPT/);
  expect(text).toContain('npm run deploy');
  expect(await (await send(`${ORIGIN}${path}`, { headers: BROWSER })).text()).toContain('Claude.ai');
});
