import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { Approvals } from '../../src/account/tables/approvals.ts';
import type { Caller } from '../../src/caller.ts';
import { decide, hold, POLICY, pair, prompt } from './helpers/held.ts';
import { ended, jobOf } from './helpers/jobs.ts';
import { callTool, setPolicy } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const HOUR_MS = 3_600_000;

const start = async (requester: Caller, args: Record<string, unknown> = {}) =>
  (await callTool(requester, 'claude_request_async', { prompt: prompt(), ...args })).job;

test('a call approved for an hour under one rule needs approval under another', async () => {
  const { requester, approver } = await pair();
  const grounds = [
    { path: 'args.model', op: 'eq', value: 'opus' },
    { path: 'args.maxBudgetUsd', op: 'gt', value: 5 },
  ] as const;
  for (const require_approval_if of [grounds, grounds.toReversed()]) {
    await setPolicy(requester, {
      version: '1',
      default: 'allow',
      tools: { claude_request_async: { require_approval_if: [...require_approval_if] } },
    });
    const held = await start(requester, { model: 'opus', maxBudgetUsd: 1 });
    await decide(approver, held?.hold?.approvalId ?? '', true, { alike: true });
    expect((await start(requester, { model: 'opus', maxBudgetUsd: 1 }))?.state).not.toBe('held');
    const [budget] = require_approval_if.flatMap(({ path }, i) => (path === 'args.maxBudgetUsd' ? [i] : []));
    expect(await start(requester, { model: 'opus', maxBudgetUsd: 6 })).toMatchObject({
      state: 'held',
      hold: { rule: `tools.claude_request_async.require_approval_if[${budget}]` },
    });
  }
});

test('a change of policy ends the approvals for an hour of the one before', async () => {
  const { requester, approver } = await pair();
  const { approvalId } = await hold(requester);
  await decide(approver, approvalId, true, { alike: true });
  expect((await start(requester))?.state).not.toBe('held');
  await setPolicy(requester, POLICY);
  expect((await start(requester))?.state).toBe('held');
});

test('a call that the policy now denies cannot be approved, only denied', async () => {
  const { requester, approver } = await pair();
  const { job, approvalId } = await hold(requester);
  await setPolicy(requester, { version: '1', default: 'deny', tools: {} });
  expect((await decide(approver, approvalId, true)).error).toMatchObject({ code: 'approval_overtaken', rule: 'default' });
  expect((await decide(approver, approvalId, false)).ok).toBe(true);
  expect(await ended(job)).toMatchObject({ reason: 'approval_denied' });
});

const deletes = { version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } } as const;

test('an approved call that failed did nothing, and may be repeated', async () => {
  const { requester, approver } = await pair();
  await setPolicy(requester, deletes);
  const held = await callTool(requester, 'claude_request_async', { prompt: JSON.stringify([{ stay: true }]) });
  const jobId = held.job?.id ?? '';
  const refused = await callTool(requester, 'llm_job_delete', { jobId });
  await decide(approver, refused.error?.approvalId ?? '', true);
  expect((await callTool(requester, 'llm_job_delete', { jobId })).error?.code).toBe('job_not_over');
  await callTool(requester, 'llm_job_cancel', { jobId });
  await ended({ account: requester.account, id: jobId });
  expect(await callTool(requester, 'llm_job_delete', { jobId })).toMatchObject({ ok: true, job: { deleted: true } });
});

test('a read that was approved shows what is there when it is repeated', async () => {
  const { requester, approver } = await pair();
  await setPolicy(requester, { version: '1', default: 'allow', tools: { llm_job_list: { action: 'require_approval' } } });
  const refused = await callTool(requester, 'llm_job_list');
  await decide(approver, refused.error?.approvalId ?? '', true);
  const job = await start(requester);
  expect((await callTool(requester, 'llm_job_list')).jobs).toMatchObject([{ id: job?.id }]);
  expect((await callTool(requester, 'llm_job_list')).error?.code).toBe('approval_required');
});

test('an approval may be used for an hour after the decision, however late that was', async () => {
  const { requester, approver } = await pair();
  await setPolicy(requester, deletes);
  const refused = await callTool(requester, 'llm_job_delete', { jobId: 'job_0' });
  passTime(HOUR_MS - 1_000);
  await decide(approver, refused.error?.approvalId ?? '', true);
  passTime(HOUR_MS - 1_000);
  expect((await callTool(requester, 'llm_job_delete', { jobId: 'job_0' })).error?.code).toBe('job_not_found');
  passTime(1_000);
  expect((await callTool(requester, 'llm_job_delete', { jobId: 'job_0' })).error?.code).toBe('approval_required');
});

test('a call that makes no job is not counted if it was denied', async () => {
  const { requester, approver } = await pair();
  const once = { action: 'require_approval', rate_limit: { max: 1, window: 86_400 } } as const;
  await setPolicy(requester, { version: '1', default: 'allow', tools: { llm_job_delete: once } });
  const call = (jobId: string) => callTool(requester, 'llm_job_delete', { jobId });
  const first = await call('job_0');
  expect((await call('job_1')).error?.code).toBe('rate_limited');
  await decide(approver, first.error?.approvalId ?? '', false);
  expect((await call('job_1')).error?.code).toBe('approval_required');
});

test('an approved call is counted once: when its approval is requested', async () => {
  const { requester, approver } = await pair();
  const rule = { action: 'require_approval', rate_limit: { max: 1, window: 86_400 } } as const;
  await setPolicy(requester, { version: '1', default: 'allow', tools: { llm_job_list: rule } });
  const refused = await callTool(requester, 'llm_job_list');
  await decide(approver, refused.error?.approvalId ?? '', true);
  expect((await callTool(requester, 'llm_job_list')).ok).toBe(true);
  expect((await callTool(requester, 'llm_job_list', { limit: 1 })).error?.code).toBe('rate_limited');
});

test('a policy judges a session by the workspace that it continues in', async () => {
  const { requester } = await pair();
  await setPolicy(requester, {
    version: '1',
    default: 'allow',
    tools: { claude_request: { deny_if: [{ path: 'args.workspace', op: 'eq', value: 'prod' }] } },
  });
  const first = await callTool(requester, 'claude_request_async', { prompt: prompt(), workspace: 'prod' });
  await ended({ account: requester.account, id: first.job?.id ?? '' });
  const more = await callTool(requester, 'claude_request', { prompt: prompt(), sessionId: first.job?.sessionId });
  expect(more.error).toMatchObject({ code: 'policy_denied', rule: 'tools.claude_request.deny_if[0]' });
});

test('an approval of an earlier version, which has its arguments in its row, is read, and decided by the policy', async () => {
  const { requester, account } = await pair();
  const { approvalId } = await hold(requester);
  const args = { prompt: '"'.repeat(1_000_000) };
  await runInDurableObject(account, (_account, { storage }) => {
    const { call } = storage.sql.exec<{ call: string }>('SELECT call FROM approval').one();
    storage.sql.exec('UPDATE approval SET call = ?', JSON.stringify({ ...JSON.parse(call), args: JSON.stringify(args) }));
    storage.sql.exec('DELETE FROM piece');
    for (const column of ['preview', 'args_chars']) storage.sql.exec(`ALTER TABLE approval DROP COLUMN ${column}`);
    const approvals = new Approvals(storage);
    const found = approvals.get(approvalId);
    expect({ isWhole: found.isWhole, call: found.call }).toMatchObject({ isWhole: false, call: { grant: requester.grant } });
    expect(found.preview).toContain('more characters]');
    expect(approvals.argumentsOf(found)).toEqual(args);
    expect(storage.sql.exec<{ call: string }>('SELECT call FROM approval').one().call.length).toBeLessThan(2_000);
  });
});

test('an approval that is closed with its job has a row of its own', async () => {
  const { requester, account } = await pair();
  const { job } = await hold(requester);
  await callTool(requester, 'llm_job_cancel', { jobId: job.id });
  await runDurableObjectAlarm(jobOf(job));
  expect(await account.audit({ kind: 'approval' }, 5)).toMatchObject([
    { decision: 'expire', grant: 'the end of its job', job: job.id, account: requester.account },
  ]);
});
