import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { decide, hold, POLICY, pair, prompt } from './helpers/held.ts';
import { ended, jobOf } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const HOUR_MS = 3_600_000;

test('a request that needs approval is a held job that states why, until when and where; approved, it runs exactly as shown', async () => {
  const { requester, approver } = await pair();
  const text = crypto.randomUUID();
  const { job, approvalId, next } = await hold(requester, { prompt: prompt(text), maxBudgetUsd: 0.5 });
  expect(next).toMatchObject({ tool: 'llm_job_watch' });
  const { approvals } = await callTool(approver, 'approval_list', { state: 'pending' });
  expect(approvals).toMatchObject([
    {
      id: approvalId,
      tool: 'claude_request_async',
      args: { prompt: prompt(text), maxBudgetUsd: 0.5 },
      grant: requester.grant,
      client: 'test 1',
      rule: 'tools.claude_request_async.action',
      estimateUsd: 0.5,
      jobId: job.id,
    },
  ]);
  const decided = await decide(approver, approvalId, true);
  expect(decided).toMatchObject({ approval: { state: 'approved', decidedBy: 'approver' }, job: { id: job.id } });
  expect(await ended(job)).toMatchObject({ state: 'completed' });
  expect((await callTool(requester, 'llm_job_result', { jobId: job.id })).answer?.text).toBe(text);
});

test('a synchronous request that is held says so at once', async () => {
  const { requester } = await pair();
  const began = Date.now();
  const { job, ok, content } = await callTool(requester, 'claude_request', { prompt: prompt() }).then(({ result, ...rest }) => ({
    ...rest,
    content: JSON.stringify(result?.content),
  }));
  expect({ ok, state: job?.state }).toEqual({ ok: true, state: 'held' });
  expect(content).toContain('/approvals');
  expect(Date.now() - began).toBeLessThan(20_000);
});

test('a denied request fails with the reason of its approver, and nothing is run', async () => {
  const { requester, approver } = await pair();
  const { job, approvalId } = await hold(requester);
  await decide(approver, approvalId, false, { reason: 'Not on a Friday.' });
  expect(await ended(job)).toMatchObject({
    state: 'failed',
    reason: 'approval_denied',
    lastSeq: 0,
    error: {
      code: 'approval_denied',
      message: expect.stringContaining('Not on a Friday.'),
      rule: 'tools.claude_request_async.action',
    },
  });
});

test('an approval that nobody decides in time is expired by the alarm, and can no longer be approved', async () => {
  const { requester, approver, account } = await pair();
  const { job, approvalId } = await hold(requester);
  passTime(HOUR_MS + 1);
  expect((await decide(approver, approvalId, true)).error).toMatchObject({
    code: 'approval_decided',
    message: expect.stringContaining('expired'),
  });
  await runDurableObjectAlarm(account);
  expect(await ended(job)).toMatchObject({ state: 'failed', reason: 'approval_expired', error: { retryable: true } });
  expect((await callTool(approver, 'approval_list', { state: 'expired' })).approvals).toMatchObject([{ id: approvalId }]);
});

test('a held job ends by its own alarm even if its account never reports', async () => {
  const { requester } = await pair();
  const { job } = await hold(requester);
  passTime(HOUR_MS + 1);
  await runDurableObjectAlarm(jobOf(job));
  expect(await ended(job)).toMatchObject({ state: 'failed', reason: 'approval_expired' });
});

test('a held job is canceled at once, its approval is closed, and its reservation is released', async () => {
  const { requester, approver } = await pair();
  await setPolicy(requester, {
    version: '1',
    default: 'allow',
    tools: {
      claude_request_async: {
        action: 'require_approval',
        reason: 'Somebody has to look first.',
        rate_limit: { max: 1, window: 86_400 },
      },
    },
  });
  const { job, approvalId } = await hold(requester);
  expect((await callTool(requester, 'claude_request_async', { prompt: prompt() })).error?.code).toBe('rate_limited');
  expect((await callTool(requester, 'llm_job_cancel', { jobId: job.id })).job).toMatchObject({ state: 'canceled' });
  await runDurableObjectAlarm(jobOf(job));
  expect((await decide(approver, approvalId, true)).error?.code).toBe('approval_decided');
  await hold(requester);
});

test('a requester cannot decide its own approval, an unknown one is not found, and a decided one does not change', async () => {
  const { requester, approver } = await pair();
  const { job, approvalId } = await hold(requester);
  expect((await decide(requester, approvalId, true)).error?.code).toBe('own_approval');
  expect((await decide(someone('approvals:write'), approvalId, true)).error?.code).toBe('approval_not_found');
  expect((await decide(approver, 'apr_0', true)).error?.code).toBe('approval_not_found');
  expect((await decide({ ...approver, scopes: ['jobs:read', 'jobs:run'] }, approvalId, true)).error?.code).toBe('scope_missing');
  await decide(approver, approvalId, false);
  expect((await decide(approver, approvalId, true)).error).toMatchObject({
    code: 'approval_decided',
    message: expect.stringContaining('denied'),
  });
  expect(await ended(job)).toMatchObject({ reason: 'approval_denied' });
});

test('approved for an hour, calls of the same grant, tool and rule pass, and no others', async () => {
  const { requester, approver } = await pair();
  const { approvalId, job } = await hold(requester);
  await decide(approver, approvalId, true, { alike: true });
  await ended(job);
  const again = await callTool(requester, 'claude_request_async', { prompt: prompt() });
  expect(again.job?.state).not.toBe('held');
  expect((await callTool(requester, 'claude_request', { prompt: prompt() })).job?.state).toBe('held');
  await setPolicy(approver, POLICY);
  expect((await callTool(approver, 'claude_request_async', { prompt: prompt() })).job?.state).toBe('held');
  passTime(HOUR_MS + 1);
  await hold(requester);
});

test('a repeated request that is held is the same job, and requests approval once', async () => {
  const { requester, approver } = await pair();
  const text = prompt();
  const { job } = await hold(requester, { prompt: text });
  expect((await callTool(requester, 'claude_request_async', { prompt: text })).job).toMatchObject({
    id: job.id,
    deduplicated: true,
    state: 'held',
  });
  expect((await callTool(approver, 'approval_list', {})).approvals).toHaveLength(1);
});

test('a call that makes no job is refused until it is approved; then its requester may repeat it, once', async () => {
  const { requester, approver } = await pair();
  await setPolicy(requester, { version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } });
  const made = await callTool(requester, 'claude_request', { prompt: prompt() });
  const args = { jobId: made.job?.id };
  const first = await callTool(requester, 'llm_job_delete', args);
  expect(first).toMatchObject({
    isError: true,
    error: { code: 'approval_required', retryable: true, rule: 'tools.llm_job_delete.action' },
  });
  const approvalId = first.error?.approvalId ?? '';
  expect((await callTool(requester, 'llm_job_delete', args)).error?.approvalId).toBe(approvalId);
  expect((await callTool(requester, 'llm_job_delete', { jobId: 'job_0' })).error?.approvalId).not.toBe(approvalId);
  expect((await callTool(requester, 'llm_job_status', args)).ok).toBe(true);
  await decide(approver, approvalId, true);
  expect((await callTool(requester, 'llm_job_status', args)).ok).toBe(true);
  expect(await callTool(requester, 'llm_job_delete', args)).toMatchObject({ ok: true, job: { id: args.jobId, deleted: true } });
  const again = await callTool(requester, 'llm_job_delete', args);
  expect(again.error).toMatchObject({ code: 'approval_required', message: expect.stringContaining('within an hour, once') });
  expect(again.error?.approvalId).not.toBe(approvalId);
});

test('of identical calls at once one approval lets exactly one run', async () => {
  const { requester, approver } = await pair();
  const list = { version: '1', default: 'allow', tools: { list_models: { action: 'require_approval' } } } as const;
  await setPolicy(requester, list);
  const refused = await callTool(requester, 'list_models');
  await decide(approver, refused.error?.approvalId ?? '', true);
  const calls = await Promise.all(Array.from({ length: 8 }, () => callTool(requester, 'list_models')));
  const codes = calls.map(({ ok, error }) => (ok ? 'ran' : error?.code));
  expect(codes.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'approval_required'), 'ran']);
  expect((await callTool(approver, 'approval_list', { state: 'pending' })).approvals).toHaveLength(1);
});

test('a denied call that makes no job is denied, with the reason', async () => {
  const { requester, approver } = await pair();
  const refused = await callTool(requester, 'llm_job_delete', { jobId: 'job_0' });
  await decide(approver, refused.error?.approvalId ?? '', false, { reason: 'Keep it.' });
  expect((await callTool(requester, 'llm_job_delete', { jobId: 'job_0' })).error).toMatchObject({
    code: 'policy_denied',
    reason: 'a person denied it: Keep it.',
  });
});

test('too many pending approvals refuse the next one', async () => {
  const { requester, account } = await pair();
  await hold(requester);
  await runInDurableObject(account, (_object, state) => {
    for (let i = 0; i < 99; i += 1)
      state.storage.sql.exec(
        `INSERT INTO approval (id, kind, call, grant_id, tool, args_hash, rule, reason, created_at, expires_at)
         SELECT id || ?, kind, call, grant_id, tool, args_hash, rule, reason, created_at, expires_at FROM approval LIMIT 1`,
        i,
      );
  });
  expect((await callTool(requester, 'claude_request_async', { prompt: prompt() })).error).toMatchObject({
    code: 'saturated',
    message: expect.stringContaining('100 approvals'),
  });
});

test('a decision that did not reach its job is delivered by the alarm', async () => {
  const { requester, account } = await pair();
  const { job, approvalId } = await hold(requester);
  await runInDurableObject(account, (_object, state) => {
    state.storage.sql.exec(`UPDATE approval SET state = 'approved', decided_by = 'a person' WHERE id = ?`, approvalId);
    state.storage.sql.exec(`UPDATE entry SET state = 'queued' WHERE id = ?`, job.id);
  });
  await runDurableObjectAlarm(account);
  expect(await ended(job)).toMatchObject({ state: 'completed' });
});

test('a caller who may not decide sees approvals without the secrets of their arguments', async () => {
  const { requester, approver } = await pair();
  await hold(requester, { mcpServers: { db: { command: 'db', env: { DB_PASSWORD: 'swordfish' } } } });
  const reader = { ...approver, grant: 'reader', scopes: ['jobs:read'] as const };
  expect(JSON.stringify((await callTool(approver, 'approval_list')).approvals)).toContain('swordfish');
  const shown = JSON.stringify((await callTool(reader, 'approval_list')).approvals);
  expect(shown).not.toContain('swordfish');
  expect(shown).toContain('[hidden]');
});
