import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../src/caller.ts';
import { decide } from './helpers/held.ts';
import { answer, ended, jobOf } from './helpers/jobs.ts';
import { callTool, type Manner, post, someone } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const ASK_TIMEOUT_MS = 600_000;
const RM = { id: 'q1', tool: 'Bash', input: '{"command":"rm -rf build"}' };

/** A request whose CLI asks for these steps, one after the other, and then answers. */
const asking = (text: string, ...steps: object[]) => ({
  prompt: JSON.stringify([...steps.map((ask) => ({ ask })), answer(text), { write: 'done\n' }]),
  permissionMode: 'ask',
});

function pair({ showsApprovals = false } = {}) {
  const scopes: Caller['scopes'] = showsApprovals ? ['jobs:read', 'jobs:run', 'approvals:write'] : ['jobs:read', 'jobs:run'];
  const requester: Caller = { ...someone(...scopes), showsApprovals };
  const approver: Caller = { ...requester, grant: 'approver', scopes: ['jobs:read', 'approvals:write'] };
  const jobIn = (id: string) => ({ account: requester.account, id });
  return { requester, approver, jobIn, account: env.ACCOUNTS.getByName(requester.account) };
}

/** Starts a request and waits until its run asks. */
async function untilAsked(requester: Caller, args: object) {
  const { job } = await callTool(requester, 'claude_request_async', { ...args });
  const id = job?.id ?? '';
  for (let afterSeq = 0; ; ) {
    const seen = await callTool(requester, 'llm_job_watch', { jobId: id, afterSeq, waitMs: 10_000 });
    const [ask] = seen.job?.asks ?? [];
    if (ask) return { id, ask, view: seen };
    if (seen.job?.finishedAt !== undefined) throw new Error(`it ended: ${seen.job.reason}`);
    afterSeq = seen.nextAfterSeq ?? afterSeq;
  }
}

const toldIn = async (job: { account: string; id: string }) => {
  const found = await jobOf(job).text('stdout', 0, 100_000);
  return (found?.ok ? found.value.page.text : '').match(/(?<=^told ).*/gm);
};

test('a run that asks shows what it waits for, and continues once another connection allows it', async () => {
  const { requester, approver, jobIn } = pair();
  const { id, ask, view } = await untilAsked(requester, asking('went on', RM));
  expect(ask).toMatchObject({ tool: 'Bash', input: RM.input });
  expect(view.job?.activity).toContain('asking to use Bash');
  const { approvals } = await callTool(approver, 'approval_list', { state: 'pending' });
  expect(approvals).toMatchObject([
    { kind: 'step', tool: 'Bash', args: { input: RM.input }, grant: 'g', jobId: id, rule: 'permissionMode' },
  ]);
  expect((await decide({ ...requester, scopes: ['approvals:write'] }, ask.approvalId, true)).error?.code).toBe('own_approval');
  expect((await decide(approver, ask.approvalId, true)).approval?.state).toBe('approved');
  expect(await ended(jobIn(id))).toMatchObject({ state: 'completed' });
  expect((await callTool(requester, 'llm_job_result', { jobId: id })).answer?.text).toBe('went on');
});

test('the run receives the reason why a step is refused, and continues without it', async () => {
  const { requester, approver, jobIn } = pair();
  const { id, ask } = await untilAsked(requester, asking('went on', RM));
  await decide(approver, ask.approvalId, false, { reason: 'Use the trash.' });
  expect(await ended(jobIn(id))).toMatchObject({ state: 'completed' });
  expect(await toldIn(jobIn(id))).toEqual(['{"ask":"q1","allowed":false,"reason":"Use the trash."}']);
});

test('a step that is not decided in time is refused, and the run continues', async () => {
  const { requester, approver, jobIn, account } = pair();
  const { id, ask } = await untilAsked(requester, asking('went on', RM));
  passTime(ASK_TIMEOUT_MS);
  await runDurableObjectAlarm(account);
  expect(await ended(jobIn(id))).toMatchObject({ state: 'completed' });
  expect(await toldIn(jobIn(id))).toEqual([expect.stringContaining('"allowed":false,"reason":"nobody answered in time"')]);
  expect((await decide(approver, ask.approvalId, true)).error).toMatchObject({ code: 'approval_decided' });
});

test('a remembered step is allowed when the run asks it again, and no other step of that tool is', async () => {
  const { requester, approver, jobIn } = pair();
  const again = { ...RM, id: 'q2' };
  const other = { ...RM, id: 'q3', input: '{"command":"rm -rf src"}' };
  const { id, ask } = await untilAsked(requester, asking('went on', RM, again, other));
  await decide(approver, ask.approvalId, true, { alike: true });
  for (let open = ask.approvalId; open === ask.approvalId; ) {
    const { approvals } = await callTool(approver, 'approval_list', { state: 'pending' });
    open = approvals?.[0]?.id ?? open;
    if (open === ask.approvalId) await callTool(requester, 'llm_job_watch', { jobId: id, waitMs: 500, until: 'event' });
    else expect(approvals).toMatchObject([{ args: { input: other.input } }]);
    if (open !== ask.approvalId) await decide(approver, open, false);
  }
  await ended(jobIn(id));
  expect((await toldIn(jobIn(id)))?.map((line) => JSON.parse(line).allowed)).toEqual([true, true, false]);
});

test('a run that is canceled while it asks closes its approval', async () => {
  const { requester, approver, jobIn } = pair();
  const { id, ask } = await untilAsked(requester, asking('went on', RM));
  await callTool(requester, 'llm_job_cancel', { jobId: id });
  expect(await ended(jobIn(id))).toMatchObject({ state: 'canceled' });
  expect((await decide(approver, ask.approvalId, true)).error?.code).toBe('approval_decided');
});

const FORMS: Manner = { elicits: true };
const Asked = z.object({
  resultType: z.literal('input_required'),
  requestState: z.string(),
  inputRequests: z.record(z.string(), z.object({ params: z.looseObject({ message: z.string() }) })),
});

test('a client that shows forms asks its user about each step inside the call, and the call answers', async () => {
  const { requester } = pair({ showsApprovals: true });
  const text = crypto.randomUUID();
  const call = { name: 'claude_request', arguments: asking(text, RM, { ...RM, id: 'q2', input: 'ls' }) };
  let { result } = await post(requester, 'tools/call', call, FORMS);
  const shown: string[] = [];
  for (const approve of [true, false]) {
    const { requestState, inputRequests } = Asked.parse(result);
    const [key = '', request] = Object.entries(inputRequests)[0] ?? [];
    shown.push(request?.params.message ?? '');
    const inputResponses = { [key]: { action: 'accept', content: { approve } } };
    ({ result } = await post(requester, 'tools/call', { ...call, requestState, inputResponses }, FORMS));
  }
  expect(shown).toEqual([
    expect.stringMatching(/may use Bash[\s\S]*rm -rf build/),
    expect.stringMatching(/may use Bash[\s\S]*ls/),
  ]);
  expect(result).toMatchObject({ isError: false, structuredContent: { answer: { text } } });
  expect((await callTool(requester, 'llm_job_list')).jobs).toHaveLength(1);
});

test('a task whose run asks needs input, and continues with the answer', async () => {
  const { requester, jobIn } = pair({ showsApprovals: true });
  const tasks: Manner = { takesTasks: true, elicits: true };
  const text = crypto.randomUUID();
  const limits = { syncDeadlineMs: 1 };
  const made = await post(requester, 'tools/call', { name: 'claude_request', arguments: asking(text, RM) }, { ...tasks, limits });
  const { taskId } = z.object({ taskId: z.string() }).parse(made.result);
  for (let key = ''; key === ''; ) {
    const { result } = await post(requester, 'tasks/get', { taskId }, tasks);
    const { status, inputRequests } = z
      .object({ status: z.string(), inputRequests: z.record(z.string(), z.unknown()).default({}) })
      .parse(result);
    [key = ''] = Object.keys(inputRequests);
    expect(status).toBe(key ? 'input_required' : 'working');
    if (key)
      await post(
        requester,
        'tasks/update',
        { taskId, inputResponses: { [key]: { action: 'accept', content: { approve: true } } } },
        tasks,
      );
    else await callTool(requester, 'llm_job_watch', { jobId: taskId, waitMs: 200, until: 'event' });
  }
  await ended(jobIn(taskId));
  expect((await post(requester, 'tasks/get', { taskId }, tasks)).result).toMatchObject({
    status: 'completed',
    result: { structuredContent: { answer: { text } } },
  });
});
