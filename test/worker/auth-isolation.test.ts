import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiToken } from '../../src/auth/bearer.ts';
import { browser } from '../helpers/browser.ts';
import { connect, type McpClient } from '../helpers/mcp-client.ts';
import { gatewayWith, mcpCall, ORIGIN, OWNER_TOKEN, ownerBrowser, RESOURCE, withPassphrase } from './helpers/gateway.ts';
import { answer, say } from './helpers/jobs.ts';
import { post } from './helpers/post.ts';

const OTHER = 'a7c3f1e09b2d4c5e8f60718293a4b5c6';
const SECRET = 'what the owner said in confidence';

let send: ReturnType<typeof gatewayWith>;
let owner: McpClient;
let other: McpClient;
let otherToken: string;
/** Ids of the owner that the other account tries. */
const owned = { jobId: '', sessionId: '', tokenId: '', token: '' };

async function makeToken(account: string, name: string, scopes: ('jobs:read' | 'jobs:run')[]) {
  const made = await env.ACCESS.getByName(account).createToken({ name, scopes }, 'a test');
  if (!made.ok) throw new Error('no token');
  return { id: made.value.token.id, token: apiToken(account, made.value.secret) };
}

beforeAll(async () => {
  send = gatewayWith(await withPassphrase());
  otherToken = (await makeToken(OTHER, 'other', ['jobs:read', 'jobs:run'])).token;
  const own = await makeToken('owner', 'confidential token', ['jobs:read']);
  owner = await connect(RESOURCE, OWNER_TOKEN, { fetch: send });
  other = await connect(RESOURCE, otherToken, { fetch: send });
  const prompt = JSON.stringify([say({ kind: 'text', text: SECRET }), answer(SECRET)]);
  const { job } = await owner.call('claude_request', { prompt, workspace: 'confidential' });
  Object.assign(owned, { jobId: job?.id, sessionId: job?.sessionId, tokenId: own.id, token: own.token });
  expect(Object.values(owned).every(Boolean)).toBe(true);
});

afterAll(() => Promise.all([owner.client.close(), other.client.close()]));

/** An envelope without the values that differ between calls. */
const comparable = (result: object, id: string) =>
  JSON.stringify(result)
    .replaceAll(id, 'ID')
    .replace(/\d{13}/g, 'TIME');

test('every tool that takes a job answers for a foreign one as for an unknown one, and changes nothing', async () => {
  const { tools } = await other.client.listTools();
  const takesJob = tools.filter(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}).includes('jobId'));
  expect(takesJob.length).toBeGreaterThan(4);
  for (const { name } of takesJob) {
    const foreign = await other.call(name, { jobId: owned.jobId });
    const missing = `job_${'0'.repeat(32)}`;
    expect(foreign.error?.code).toBe('job_not_found');
    expect(comparable(foreign, owned.jobId)).toBe(comparable(await other.call(name, { jobId: missing }), missing));
  }
  const { job, answer: said } = await owner.call('llm_job_result', { jobId: owned.jobId });
  expect({ state: job?.state, text: said?.text }).toEqual({ state: 'completed', text: SECRET });
});

test('every tool that takes a conversation answers for a foreign one as for an unknown one', async () => {
  const { tools } = await other.client.listTools();
  const takesSession = tools.filter(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}).includes('sessionId'));
  expect(takesSession.length).toBeGreaterThan(1);
  for (const { name, inputSchema } of takesSession) {
    const prompt = inputSchema.properties?.prompt ? { prompt: JSON.stringify([answer('x')]) } : {};
    const missing = crypto.randomUUID();
    const foreign = await other.call(name, { ...prompt, sessionId: owned.sessionId });
    expect(foreign.ok ? foreign.jobs : undefined, name).toEqual(name === 'llm_job_list' ? [] : undefined);
    expect(comparable(foreign, owned.sessionId)).toBe(
      comparable(await other.call(name, { ...prompt, sessionId: missing }), missing),
    );
  }
});

test('no tool that lists or counts shows what another account has', async () => {
  const { tools } = await other.client.listTools();
  const needsNothing = tools.filter(({ inputSchema, annotations }) => !inputSchema.required?.length && annotations?.readOnlyHint);
  expect(needsNothing.length).toBeGreaterThan(2);
  for (const { name } of needsNothing) {
    const shown = JSON.stringify(await other.call(name, {}));
    for (const secret of [owned.jobId, owned.sessionId, SECRET, 'confidential']) expect(shown).not.toContain(secret);
  }
  expect((await other.call('llm_process_health', {})).health).toMatchObject({ running: 0, queued: 0 });
});

test('resources of another account are neither listed nor read', async () => {
  expect(JSON.stringify(await other.client.listResources())).not.toContain(owned.jobId);
  expect(JSON.stringify(await owner.client.listResources())).toContain(owned.jobId);
  for (const kind of ['result', 'events']) {
    const read = (id: string) =>
      other.client.readResource({ uri: `job://${id}/${kind}` }).then(
        () => 'read',
        (error: Error) => error.message.replaceAll(id, 'ID'),
      );
    expect(await read(owned.jobId)).toBe(await read('job_0'));
  }
});

const tasks = ['tasks/get', 'tasks/update', 'tasks/cancel'];

test.each(tasks)('%s answers for a foreign task as for an unknown one', async (method) => {
  const ask = async (account: string, taskId: string) => {
    const caller = { account, grant: 'g', scopes: ['jobs:read', 'jobs:run'] } as const;
    const { result, error } = await post(caller, method, { taskId, inputResponses: {} }, { takesTasks: true });
    return { result, error: error && { ...error, message: error.message.replaceAll(taskId, 'ID') } };
  };
  const foreign = await ask(OTHER, owned.jobId);
  expect(foreign.error).toBeDefined();
  expect(foreign).toEqual(await ask(OTHER, 'job_0'));
  expect((await ask('owner', owned.jobId)).result).toBeDefined();
});

test('pages show nothing of another account, and revoke nothing there', async () => {
  const stranger = browser(send);
  stranger.jar.set('__Host-session', `${OTHER}.${await env.ACCESS.getByName(OTHER).openBrowserSession('other@example.com')}`);
  const post = { method: 'POST', headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' }, body: '' };
  for (const path of ['/tokens', '/connections', '/']) {
    const page = await stranger.go(`${ORIGIN}${path}`);
    expect({ path, status: page.status, signedIn: page.html.includes('other@example.com') }).toMatchObject({
      status: 200,
      signedIn: true,
    });
    expect(page.html).not.toContain('confidential');
  }
  await stranger.go(`${ORIGIN}/tokens/${owned.tokenId}/revoke`, post);
  expect((await (await ownerBrowser(send)).go(`${ORIGIN}/tokens`)).html).toContain('confidential token');
  expect((await send(RESOURCE, mcpCall(owned.token, 'tools/list'))).status).toBe(200);
});

test('only the owner can grant the scope admin', async () => {
  const stranger = browser(send);
  stranger.jar.set('__Host-session', `${OTHER}.${await env.ACCESS.getByName(OTHER).openBrowserSession('other@example.com')}`);
  const form = await stranger.go(`${ORIGIN}/tokens`);
  expect(form.html).not.toContain('value="admin"');
  const made = await stranger.submit(form, '/tokens', { name: 'x', scope: ['jobs:read', 'admin'], days: '1' });
  expect({ status: made.status, token: made.html.includes('lcg_') }).toEqual({ status: 400, token: false });
});

test('a browser session or token of one account is not valid under the name of another', async () => {
  const stranger = browser(send);
  const secret = await env.ACCESS.getByName(OTHER).openBrowserSession('other@example.com');
  stranger.jar.set('__Host-session', `owner.${secret}`);
  expect((await stranger.go(`${ORIGIN}/tokens`)).url).toContain('/sign-in');
  const moved = otherToken.replace(OTHER, 'owner');
  expect((await send(RESOURCE, mcpCall(moved, 'tools/list'))).status).toBe(401);
});
