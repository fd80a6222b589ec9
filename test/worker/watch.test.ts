import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import { hold, pair } from './helpers/held.ts';
import { answer, ended, jobOf, say } from './helpers/jobs.ts';
import { callTool, someone } from './helpers/post.ts';

const NEVER_MS = 50_000;
const DENIED = { kind: 'denied', denial: { tool: 'Write', input: '{}' } };
const STAY = { stay: true };

async function start(caller: Caller, ...steps: object[]): Promise<string> {
  const { job } = await callTool(caller, 'claude_request_async', { prompt: JSON.stringify(steps) });
  return job?.id ?? '';
}

const watch = (caller: Caller, jobId: string, args: object = {}) => callTool(caller, 'llm_job_watch', { jobId, ...args });
const all = () => someone('jobs:read', 'jobs:run');

test('a watch follows a job that says much to its end, and returns the answer', async () => {
  const caller = all();
  const pieces = Array.from({ length: 30 }, (_, index) => say({ kind: 'text', text: `piece ${index} ` }));
  const { next } = await callTool(caller, 'claude_request_async', { prompt: JSON.stringify([...pieces, answer('the end')]) });
  const seen = await callTool(caller, next?.tool ?? '', next?.arguments);
  expect(seen).toMatchObject({ job: { state: 'completed' }, answer: { text: 'the end', nextOffset: null } });
  expect(seen.next).toBeUndefined();
});

test('a watch that ends before its job returns the events so far, and the call that goes on', async () => {
  const caller = all();
  const jobId = await start(caller, say({ kind: 'text', text: 'one' }), STAY);
  await watch(caller, jobId, { until: 'event' });
  const seen = await watch(caller, jobId, { waitMs: 300 });
  expect(seen).toMatchObject({ job: { state: 'running' }, next: { tool: 'llm_job_watch', arguments: { jobId } } });
  expect(seen.next?.arguments.afterSeq).toBe(seen.nextAfterSeq);
  await callTool(caller, 'llm_job_cancel', { jobId });
});

test('a watch until the next event returns at an event', async () => {
  const caller = all();
  const jobId = await start(caller, say({ kind: 'text', text: 'one' }), STAY);
  const seen = await watch(caller, jobId, { until: 'event', waitMs: NEVER_MS });
  expect(seen.job?.state).toBe('running');
  await callTool(caller, 'llm_job_cancel', { jobId });
});

test('a watch returns at a denial, and the next one does not return at the same denial', async () => {
  const caller = all();
  const jobId = await start(caller, say({ kind: 'text', text: 'one' }, DENIED), STAY);
  const seen = await watch(caller, jobId, { waitMs: NEVER_MS });
  expect(seen).toMatchObject({ job: { state: 'running', denials: [{ tool: 'Write' }] } });
  const again = watch(caller, jobId, { afterSeq: seen.nextAfterSeq, waitMs: NEVER_MS });
  await callTool(caller, 'llm_job_cancel', { jobId });
  expect((await again).job?.state).toBe('canceled');
});

test('a watch of a held job returns when it is approved', async () => {
  const { requester, account } = await pair();
  const { job, approvalId, next } = await hold(requester);
  const seen = callTool(requester, next?.tool ?? '', { ...next?.arguments, waitMs: NEVER_MS });
  await account.decide({ id: approvalId, approve: true, by: 'ann', isGrant: false, remember: false });
  expect((await seen).job?.state).toMatch(/queued|running|completed/);
  await ended(job);
});

test('a watch of a queued job returns when it starts', async () => {
  const caller = all();
  const running = await Promise.all(Array.from({ length: 8 }, (_, index) => start(caller, { write: `${index}\n` }, STAY)));
  const queued = await start(caller, { write: 'last\n' }, STAY);
  expect((await watch(caller, queued, { waitMs: 0 })).job).toMatchObject({ state: 'queued', queuePlace: 1 });
  const seen = watch(caller, queued, { waitMs: NEVER_MS });
  await callTool(caller, 'llm_job_cancel', { jobId: running[0] });
  expect((await seen).job?.state).toBe('running');
  for (const id of [...running.slice(1), queued]) await jobOf({ account: caller.account, id }).cancel();
});

test('the status of a finished job names the call that reads its answer, as do all answers about a job that is over', async () => {
  const caller = all();
  const jobId = await start(caller, answer('done'));
  await ended({ account: caller.account, id: jobId });
  const next = { tool: 'llm_job_result', arguments: { jobId } };
  for (const tool of ['llm_job_status', 'llm_job_cancel'])
    expect(await callTool(caller, tool, { jobId })).toMatchObject({ next });
  const again = { prompt: JSON.stringify([answer('done')]), reuseCompleted: true };
  expect(await callTool(caller, 'claude_request_async', again)).toMatchObject({ job: { id: jobId }, next });
  expect((await callTool(caller, 'llm_job_result', { jobId })).next).toBeUndefined();
});

test('a cursor ahead of a job is refused at the end of the wait', async () => {
  const caller = all();
  const jobId = await start(caller, STAY);
  expect((await watch(caller, jobId, { afterSeq: 1_000, waitMs: 100 })).error?.code).toBe('cursor_ahead');
  await callTool(caller, 'llm_job_cancel', { jobId });
});
