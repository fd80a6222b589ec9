import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../src/caller.ts';
import { pair, prompt } from './helpers/held.ts';
import { ended } from './helpers/jobs.ts';
import { callTool, type Manner, post, setPolicy } from './helpers/post.ts';

const Asked = z.object({
  resultType: z.literal('input_required'),
  requestState: z.string(),
  inputRequests: z.record(
    z.string(),
    z.object({ method: z.literal('elicitation/create'), params: z.looseObject({ message: z.string() }) }),
  ),
});
const FORMS: Manner = { elicits: true };

/** Calls a tool whose form the client shows; `respond` repeats the call with an answer. */
async function ask(requester: Caller, name: string, args: Record<string, unknown>) {
  const first = Asked.parse((await post(requester, 'tools/call', { name, arguments: args }, FORMS)).result);
  const [key = '', request] = Object.entries(first.inputRequests)[0] ?? [];
  const respond = (response: object, change: object = {}, who: Caller = requester) =>
    post(
      who,
      'tools/call',
      { name, arguments: args, requestState: first.requestState, inputResponses: { [key]: response }, ...change },
      FORMS,
    );
  return { message: request?.params.message, respond };
}
const accept = (content: object) => ({ action: 'accept', content });

test('a client that shows forms asks its person inside the call, which continues with the answer', async () => {
  const { requester } = await pair();
  const text = crypto.randomUUID();
  const { message, respond } = await ask(requester, 'claude_request', { prompt: prompt(text), forceRefresh: true });
  expect(message).toContain(text);
  expect(message).toContain('Somebody has to look first.');
  const { result } = await respond(accept({ approve: true }));
  expect(result).toMatchObject({ resultType: 'complete', isError: false, structuredContent: { answer: { text } } });
  expect((await callTool(requester, 'llm_job_list')).jobs).toHaveLength(1);
});

test.each([
  ['no', accept({ approve: false, reason: 'Too dear.' }), 'Too dear.'],
  ['a decline', { action: 'decline' }, 'The approver denied it'],
])('%s in the form ends the job', async (_what, response, words) => {
  const { requester } = await pair();
  const { respond } = await ask(requester, 'claude_request', { prompt: prompt() });
  expect((await respond(response)).result).toMatchObject({
    isError: true,
    structuredContent: { error: { code: 'approval_denied', message: expect.stringContaining(words) } },
  });
});

test('a form that is closed without an answer leaves the job held for the page', async () => {
  const { requester } = await pair();
  const { respond } = await ask(requester, 'claude_request', { prompt: prompt() });
  expect((await respond({ action: 'cancel' })).result).toMatchObject({ structuredContent: { job: { state: 'held' } } });
});

test('a call that makes no job is approved in a form as well', async () => {
  const { requester } = await pair();
  await setPolicy(requester, { version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } });
  const { job } = await callTool(requester, 'claude_request', { prompt: prompt() });
  const { respond } = await ask(requester, 'llm_job_delete', { jobId: job?.id });
  expect((await respond(accept({ approve: true }))).result).toMatchObject({
    structuredContent: { ok: true, job: { deleted: true } },
  });
});

test('the request state of a form is valid for its own call and grant only', async () => {
  const { requester, approver } = await pair();
  const { respond } = await ask(requester, 'claude_request', { prompt: prompt() });
  const yes = accept({ approve: true });
  for (const refused of [
    respond(yes, { arguments: { prompt: prompt() } }),
    respond(yes, { name: 'claude_request_async' }),
    respond(yes, { requestState: 'apr_0' }),
    respond(yes, {}, approver),
  ])
    expect((await refused).error).toMatchObject({ code: -32602, message: expect.stringContaining('requestState') });
  expect((await callTool(approver, 'approval_list', { state: 'pending' })).approvals).toHaveLength(1);
});

test('a call that is too long to be shown is not approved in a form', async () => {
  const { requester } = await pair();
  const long = JSON.stringify([{ write: 'x'.repeat(10_000) }]);
  const { result } = await post(requester, 'tools/call', { name: 'claude_request', arguments: { prompt: long } }, FORMS);
  expect(result).toMatchObject({ resultType: 'complete', structuredContent: { job: { state: 'held' } } });
});

const TASKS: Manner = { takesTasks: true, elicits: true };

test('a held task asks for input, and continues with the answer', async () => {
  const { requester } = await pair();
  const text = crypto.randomUUID();
  const { result } = await post(requester, 'tools/call', { name: 'claude_request', arguments: { prompt: prompt(text) } }, TASKS);
  const { taskId, inputRequests } = z
    .object({ taskId: z.string(), inputRequests: z.record(z.string(), z.unknown()) })
    .parse(result);
  expect(result).toMatchObject({ resultType: 'task', status: 'input_required' });
  const [key = ''] = Object.keys(inputRequests);
  expect((await post(requester, 'tasks/get', { taskId }, TASKS)).result).toMatchObject({
    status: 'input_required',
    inputRequests: { [key]: {} },
  });
  expect((await post(requester, 'tasks/get', { taskId }, { takesTasks: true })).result).toMatchObject({
    status: 'working',
    statusMessage: expect.stringContaining('waiting for approval'),
  });
  const other = { ...requester, grant: 'other' };
  await post(other, 'tasks/update', { taskId, inputResponses: { [key]: accept({ approve: true }) } }, TASKS);
  expect((await post(requester, 'tasks/get', { taskId }, TASKS)).result).toMatchObject({ status: 'input_required' });
  await post(requester, 'tasks/update', { taskId, inputResponses: { [key]: accept({ approve: true }) } }, TASKS);
  await ended({ account: requester.account, id: taskId });
  expect((await post(requester, 'tasks/get', { taskId }, TASKS)).result).toMatchObject({
    status: 'completed',
    result: { structuredContent: { answer: { text } } },
  });
});

test.each<[who: string, change: Partial<Caller>]>([
  ['without the permission to approve', { scopes: ['jobs:read', 'jobs:run'] }],
  ['whose person did not allow it at consent', { showsApprovals: false }],
])('a client %s shows no form, whatever it declares', async (_who, change) => {
  const { requester } = await pair();
  const caller = { ...requester, ...change };
  const { result } = await post(caller, 'tools/call', { name: 'claude_request', arguments: { prompt: prompt() } }, FORMS);
  expect(result).toMatchObject({ resultType: 'complete', structuredContent: { job: { state: 'held' } } });
  const task = await post(caller, 'tools/call', { name: 'claude_request', arguments: { prompt: prompt() } }, TASKS);
  expect(task.result).toMatchObject({ resultType: 'task', status: 'working' });
});

test('a change of a policy is approved on the page only', async () => {
  const { requester } = await pair();
  const admin: Caller = { ...requester, scopes: ['jobs:read', 'approvals:write', 'admin'] };
  await setPolicy(requester, { version: '1', default: 'allow', tools: { policy_set: { action: 'require_approval' } } });
  const change = { name: 'policy_set', arguments: { target: admin.grant, policy: 'open' } };
  const { result } = await post(admin, 'tools/call', change, FORMS);
  expect(result).toMatchObject({ resultType: 'complete', structuredContent: { error: { code: 'approval_required' } } });
});

test('the audit log says that a form was used', async () => {
  const { requester, account } = await pair();
  const { respond } = await ask(requester, 'claude_request', { prompt: prompt() });
  await respond(accept({ approve: true }));
  expect(await account.audit({ kind: 'approval' }, 1)).toMatchObject([
    { grant: `a form of ${requester.grant}`, decision: 'approve' },
  ]);
});
