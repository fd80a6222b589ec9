import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, test } from 'vitest';
import { apiToken } from '../../src/auth/bearer.ts';
import { OWNER } from '../../src/caller.ts';
import {
  gatewayWith,
  listTools,
  mcpCall,
  ORIGIN,
  OWNER_TOKEN,
  ownerBrowser,
  RESOURCE,
  withPassphrase,
} from './helpers/gateway.ts';
import { passTime } from './helpers/time.ts';

let send: ReturnType<typeof gatewayWith>;
beforeAll(async () => {
  send = gatewayWith(await withPassphrase());
});

test('an API token works from its creation until it is revoked', async () => {
  const owner = await ownerBrowser(send);
  const form = await owner.go(`${ORIGIN}/tokens`);
  const made = await owner.submit(form, '/tokens', { name: 'CI <b>', scope: ['jobs:read'], days: '30' });
  const [token = ''] = /lcg_owner_[\w-]{43}/.exec(made.html) ?? [];
  expect(made.html).toContain('CI &lt;b&gt;');
  const listed = await listTools(send, token);
  expect(listed.status).toBe(200);
  const refused = await send(RESOURCE, mcpCall(token, 'tools/call', { name: 'llm_job_delete', arguments: { jobId: 'x' } }));
  expect(refused.status).toBe(403);
  const page = await owner.go(`${ORIGIN}/tokens`);
  expect(page.html).not.toContain(token);
  expect(page.html).toContain('last used <time');
  const [action = ''] = /\/tokens\/[\w-]+\/revoke/.exec(page.html) ?? [];
  await owner.submit(page, action);
  expect((await listTools(send, token)).status).toBe(401);
});

test('an expired API token is refused', async () => {
  const headers = { authorization: `Bearer ${OWNER_TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'short', scopes: ['jobs:read'], days: 1 });
  const made = await (await send('/api/tokens', { method: 'POST', headers, body })).json<{ token: string }>();
  expect((await listTools(send, made.token)).status).toBe(200);
  passTime(86_400_000);
  expect((await listTools(send, made.token)).status).toBe(401);
});

test('an API token with a scope that was removed since keeps its other scopes', async () => {
  const access = env.ACCESS.getByName('earlier');
  const made = await access.createToken({ name: 'old', scopes: ['jobs:read'] }, 'a test');
  const stored = JSON.stringify(['jobs:read', 'jobs:removed']);
  await runInDurableObject(access, (_, { storage }) => storage.sql.exec('UPDATE token SET scopes = ?', stored).toArray());
  const token = made.ok ? apiToken('earlier', made.value.secret) : '';
  expect((await listTools(send, token)).status).toBe(200);
  expect(await access.tokens()).toMatchObject([{ scopes: ['jobs:read'] }]);
});

const drafts: [string, object, RegExp][] = [
  ['no name', { scopes: ['jobs:read'], days: 1 }, /name/],
  ['no scope', { name: 'x', scopes: [], days: 1 }, /scopes/],
  ['an unknown scope', { name: 'x', scopes: ['jobs:all'], days: 1 }, /scopes/],
  ['a wrong lifetime', { name: 'x', scopes: ['jobs:read'], days: -1 }, /days/],
];

test.each(drafts)('an API token with %s is refused', async (_name, draft, message) => {
  const headers = { authorization: `Bearer ${OWNER_TOKEN}`, 'content-type': 'application/json' };
  const response = await send('/api/tokens', { method: 'POST', headers, body: JSON.stringify(draft) });
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringMatching(message) } },
  });
});

test('scripts create, list and revoke API tokens, but only with the scope admin', async () => {
  const headers = { authorization: `Bearer ${OWNER_TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'reader', scopes: ['jobs:read'], days: 0 });
  const made = await (await send('/api/tokens', { method: 'POST', headers, body })).json<{ id: string; token: string }>();
  const asReader = { authorization: `Bearer ${made.token}` };
  expect((await send('/api/tokens', { headers: asReader })).status).toBe(403);
  const listed = await (await send('/api/tokens', { headers })).json<{ tokens: { id: string }[] }>();
  expect(listed.tokens.map(({ id }) => id)).toContain(made.id);
  expect(JSON.stringify(listed)).not.toContain(made.token.slice(-43));
  expect((await send(`/api/tokens/${made.id}`, { method: 'DELETE', headers })).status).toBe(200);
  expect((await send(`/api/tokens/${made.id}`, { method: 'DELETE', headers })).status).toBe(404);
  expect((await listTools(send, made.token)).status).toBe(401);
});

test('a policy applies to the API of tokens too, and its calls are audited', async () => {
  const call = (method: string, token: string, body?: object) =>
    send('/api/tokens', {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const draft = { name: 'admin', scopes: ['admin', 'jobs:run'], days: 1 };
  const made = await (await call('POST', OWNER_TOKEN, draft)).json<{ id: string; token: string }>();
  const account = env.ACCOUNTS.getByName(OWNER);
  const grant = `token_${made.id}`;
  expect(await account.setPolicy(grant, 'enforce', 'careful', 'a test')).toMatchObject({ ok: true });
  const refused = await call('POST', made.token, draft);
  expect({ status: refused.status, body: await refused.json() }).toMatchObject({
    status: 403,
    body: { error: { code: 'policy_denied', message: expect.stringContaining('token_create') } },
  });
  const asked = JSON.stringify({ version: '1', default: 'allow', tools: { token_list: { action: 'require_approval' } } });
  await account.setPolicy(grant, 'enforce', asked, 'a test');
  expect((await call('GET', made.token)).status).toBe(403);
  expect((await call('POST', made.token, draft)).status).toBe(201);
  expect(await account.audit({ grant, kind: 'call' }, 5)).toMatchObject([
    { tool: 'token_create', decision: 'allow' },
    { tool: 'token_list', decision: 'refuse' },
    { tool: 'token_create', decision: 'deny', rule: 'default' },
  ]);
});
