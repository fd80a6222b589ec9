import { runDurableObjectAlarm } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import { decide, hold, POLICY, pair, prompt } from './helpers/held.ts';
import { ended, jobOf } from './helpers/jobs.ts';
import { callTool, setPolicy } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const HOUR_MS = 3_600_000;

const start = async (asker: Caller, args: Record<string, unknown> = {}) =>
  (await callTool(asker, 'claude_request_async', { prompt: prompt(), ...args })).job;

test('approved alike on one ground, a call with another ground is asked about', async () => {
  const { asker, decider } = await pair();
  const grounds = [
    { path: 'args.model', op: 'eq', value: 'opus' },
    { path: 'args.maxBudgetUsd', op: 'gt', value: 5 },
  ] as const;
  for (const require_approval_if of [grounds, grounds.toReversed()]) {
    await setPolicy(asker, {
      version: '1',
      default: 'allow',
      tools: { claude_request_async: { require_approval_if: [...require_approval_if] } },
    });
    const held = await start(asker, { model: 'opus', maxBudgetUsd: 1 });
    await decide(decider, held?.hold?.approvalId ?? '', true, { alike: true });
    expect((await start(asker, { model: 'opus', maxBudgetUsd: 1 }))?.state).not.toBe('held');
    const [budget] = require_approval_if.flatMap(({ path }, i) => (path === 'args.maxBudgetUsd' ? [i] : []));
    expect(await start(asker, { model: 'opus', maxBudgetUsd: 6 })).toMatchObject({
      state: 'held',
      hold: { rule: `tools.claude_request_async.require_approval_if[${budget}]` },
    });
  }
});

test('another policy ends what was approved alike under the one before', async () => {
  const { asker, decider } = await pair();
  const { approvalId } = await hold(asker);
  await decide(decider, approvalId, true, { alike: true });
  expect((await start(asker))?.state).not.toBe('held');
  await setPolicy(asker, POLICY);
  expect((await start(asker))?.state).toBe('held');
});

test('what the policy denies meanwhile cannot be approved, only denied', async () => {
  const { asker, decider } = await pair();
  const { job, approvalId } = await hold(asker);
  await setPolicy(asker, { version: '1', default: 'deny', tools: {} });
  expect((await decide(decider, approvalId, true)).error).toMatchObject({ code: 'approval_overtaken', rule: 'default' });
  expect((await decide(decider, approvalId, false)).ok).toBe(true);
  expect(await ended(job)).toMatchObject({ reason: 'approval_denied' });
});

const deletes = { version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } } as const;

test('an approved call that failed did nothing, and may be repeated', async () => {
  const { asker, decider } = await pair();
  await setPolicy(asker, deletes);
  const held = await callTool(asker, 'claude_request_async', { prompt: JSON.stringify([{ stay: true }]) });
  const jobId = held.job?.id ?? '';
  const refused = await callTool(asker, 'llm_job_delete', { jobId });
  await decide(decider, refused.error?.approvalId ?? '', true);
  expect((await callTool(asker, 'llm_job_delete', { jobId })).error?.code).toBe('job_not_over');
  await callTool(asker, 'llm_job_cancel', { jobId });
  await ended({ account: asker.account, id: jobId });
  expect(await callTool(asker, 'llm_job_delete', { jobId })).toMatchObject({ ok: true, job: { deleted: true } });
});

test('a read that was approved shows what is there when it is repeated', async () => {
  const { asker, decider } = await pair();
  await setPolicy(asker, { version: '1', default: 'allow', tools: { llm_job_list: { action: 'require_approval' } } });
  const refused = await callTool(asker, 'llm_job_list');
  await decide(decider, refused.error?.approvalId ?? '', true);
  const job = await start(asker);
  expect((await callTool(asker, 'llm_job_list')).jobs).toMatchObject([{ id: job?.id }]);
  expect((await callTool(asker, 'llm_job_list')).error?.code).toBe('approval_required');
});

test('an approval may be used for an hour after the decision, however late that was', async () => {
  const { asker, decider } = await pair();
  await setPolicy(asker, deletes);
  const refused = await callTool(asker, 'llm_job_delete', { jobId: 'job_0' });
  passTime(HOUR_MS - 1_000);
  await decide(decider, refused.error?.approvalId ?? '', true);
  passTime(HOUR_MS - 1_000);
  expect((await callTool(asker, 'llm_job_delete', { jobId: 'job_0' })).error?.code).toBe('job_not_found');
  passTime(1_000);
  expect((await callTool(asker, 'llm_job_delete', { jobId: 'job_0' })).error?.code).toBe('approval_required');
});

test('an approved call that was counted when it was asked about is not held to that count again', async () => {
  const { asker, decider } = await pair();
  const rule = { action: 'require_approval', rate_limit: { max: 1, window: 86_400 } } as const;
  await setPolicy(asker, { version: '1', default: 'allow', tools: { llm_job_list: rule } });
  const refused = await callTool(asker, 'llm_job_list');
  await decide(decider, refused.error?.approvalId ?? '', true);
  expect((await callTool(asker, 'llm_job_list')).ok).toBe(true);
  expect((await callTool(asker, 'llm_job_list', { limit: 1 })).error?.code).toBe('rate_limited');
});

test('a policy judges a conversation by the workspace that it goes on in', async () => {
  const { asker } = await pair();
  await setPolicy(asker, {
    version: '1',
    default: 'allow',
    tools: { claude_request: { deny_if: [{ path: 'args.workspace', op: 'eq', value: 'prod' }] } },
  });
  const first = await callTool(asker, 'claude_request_async', { prompt: prompt(), workspace: 'prod' });
  await ended({ account: asker.account, id: first.job?.id ?? '' });
  const more = await callTool(asker, 'claude_request', { prompt: prompt(), sessionId: first.job?.sessionId });
  expect(more.error).toMatchObject({ code: 'policy_denied', rule: 'tools.claude_request.deny_if[0]' });
});

test('a question that closes with its job has a row of its own', async () => {
  const { asker, account } = await pair();
  const { job } = await hold(asker);
  await callTool(asker, 'llm_job_cancel', { jobId: job.id });
  await runDurableObjectAlarm(jobOf(job));
  expect(await account.audit({ kind: 'approval' }, 5)).toMatchObject([
    { decision: 'expire', grant: 'the end of its job', job: job.id, account: asker.account },
  ]);
});
