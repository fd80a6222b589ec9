import { env } from 'cloudflare:workers';
import { expect, onTestFinished, test } from 'vitest';
import type { Scope } from '../../src/caller.ts';
import { collect, connect } from '../helpers/mcp-client.ts';
import { fetchWorker, gatewayWith, ORIGIN, ownerBrowser, withPassphrase } from './helpers/gateway.ts';
import { prompt } from './helpers/held.ts';

const POLICY = JSON.stringify({
  version: '1',
  default: 'allow',
  tools: { claude_request: { action: 'require_approval', reason: 'Look first.' }, list_models: { action: 'require_approval' } },
});
const ACCOUNT = 'owner';

/** The SDK's client with an API token of its own; `answer` is its person, where it shows forms. */
async function connectWith(scopes: Scope[], onForm?: (message: string) => { approve: boolean; reason?: string } | undefined) {
  const made = await env.ACCESS.getByName(ACCOUNT).createToken({ name: 'a test', scopes }, 'a test');
  if (!made.ok) throw new Error('no token');
  const { secret, token } = made.value;
  const setup = { name: 'Test client', fetch: fetchWorker, ...(onForm && { onForm }) };
  const { call, close } = await connect('http://127.0.0.1/mcp', `lcg_${ACCOUNT}_${secret}`, setup);
  onTestFinished(close);
  return { call, grant: `token_${token.id}` };
}

/** A client whose requests need approval. */
async function requester() {
  const client = await connectWith(['jobs:read', 'jobs:run']);
  await env.ACCOUNTS.getByName(ACCOUNT).setPolicy(client.grant, 'enforce', POLICY, 'a test');
  return client;
}

test.each([
  ['that cannot approve', ['jobs:read', 'jobs:run']],
  ['that can approve', ['jobs:read', 'jobs:run', 'approvals:write', 'admin']],
] as const)('an API token %s never receives a form, because its holder could answer it', async (_which, scopes) => {
  const asked: string[] = [];
  const onForm = (message: string) => {
    asked.push(message);
    return { approve: true };
  };
  const client = await connectWith([...scopes], onForm);
  await env.ACCOUNTS.getByName(ACCOUNT).setPolicy(client.grant, 'enforce', POLICY, 'a test');
  expect((await client.call('claude_request', { prompt: prompt() })).job?.state).toBe('held');
  expect(asked).toEqual([]);
});

test('a client without forms receives the URL of the approval, another connection decides, and the job runs', async () => {
  const text = crypto.randomUUID();
  const asking = await requester();
  const approving = await connectWith(['jobs:read', 'approvals:write']);
  const { job, next } = await asking.call('claude_request', { prompt: prompt(text) });
  expect({ state: job?.state, why: next?.why }).toEqual({ state: 'held', why: expect.stringContaining('/approvals') });
  const { approvals: [question] = [] } = await approving.call('approval_list', { state: 'pending' });
  expect(question).toMatchObject({ tool: 'claude_request', client: 'Test client 1', grant: asking.grant });
  expect((await approving.call('approval_decide', { approvalId: question?.id, approve: true })).approval?.state).toBe('approved');
  expect((await collect(asking.call, job?.id ?? '')).answer?.text).toBe(text);
});

test('a client without forms receives the URL of the approval, a person decides on the page, and the job runs', async () => {
  const text = crypto.randomUUID();
  const asking = await requester();
  const { job } = await asking.call('claude_request', { prompt: prompt(text) });
  const owner = await ownerBrowser(gatewayWith(await withPassphrase()));
  const page = await owner.go(`${ORIGIN}/approvals`);
  expect(page.html).toContain(text);
  expect(page.html).toContain('API token a test');
  const done = await owner.submit(page, `/approvals/${job?.hold?.approvalId}`, { decision: 'approve', comment: '' });
  expect(done.html).toContain('Approved.');
  expect((await collect(asking.call, job?.id ?? '')).answer?.text).toBe(text);
});

test('a call that makes no job is approved on the page, which says that its requester repeats it, once', async () => {
  const { call } = await requester();
  const { error } = await call('list_models', {});
  const owner = await ownerBrowser(gatewayWith(await withPassphrase()));
  const page = await owner.go(`${ORIGIN}/approvals`);
  const done = await owner.submit(page, `/approvals/${error?.approvalId}`, { decision: 'approve' });
  expect(done.html).toContain('Approved. The requester can now repeat the identical call once, within 1 hour.');
  expect((await call('list_models', {})).ok).toBe(true);
  expect((await call('list_models', {})).error?.code).toBe('approval_required');
});
