import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import { answer, ended, settled, specOf, submit } from './helpers/jobs.ts';
import { callTool, post, someone } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const HOUR_MS = 3_600_000;
const request = (text = crypto.randomUUID()) => ({ prompt: JSON.stringify([answer(text)]) });
const ask = (caller: Caller, args: object, tool = 'claude_request') => callTool(caller, tool, { ...args });

/** A caller whose job completed, and whose answer no call has returned. */
async function undelivered() {
  const caller = someone('jobs:run', 'jobs:read');
  const args = request();
  const { job } = await ask(caller, args, 'claude_request_async');
  const id = job?.id ?? '';
  await ended({ ...caller, id });
  // A job's end reaches the account a moment after the job.
  await expect.poll(() => env.ACCOUNTS.getByName(caller.account).health()).toMatchObject({ running: 0 });
  return { caller, args, id };
}

test('an answer that no caller received is returned to the next identical request, once', async () => {
  const { caller, args, id } = await undelivered();
  expect(await ask(caller, args)).toMatchObject({ job: { id, deduplicated: true }, answer: { text: expect.any(String) } });
  const again = await ask(caller, args);
  expect(again.job?.id).not.toBe(id);
  expect(again.job?.deduplicated).toBeUndefined();
});

test('an identical request that starts a job receives the finished job with the way to its answer', async () => {
  const { caller, args, id } = await undelivered();
  const found = await ask(caller, args, 'claude_request_async');
  expect(found).toMatchObject({ job: { id, state: 'completed', deduplicated: true } });
  expect(found.next).toMatchObject({ tool: 'llm_job_result', arguments: { jobId: id } });
});

test('of two identical requests at once, one receives the answer and the other runs', async () => {
  const { caller, args, id } = await undelivered();
  const found = await Promise.all([ask(caller, args), ask(caller, args)]);
  expect(found.filter(({ job }) => job?.id === id)).toHaveLength(1);
  expect(new Set(found.map(({ job }) => job?.id)).size).toBe(2);
});

const deliveries: [string, (caller: Caller, jobId: string) => Promise<unknown>][] = [
  ['llm_job_result', (caller, jobId) => callTool(caller, 'llm_job_result', { jobId })],
  ['resources/read', (caller, jobId) => post(caller, 'resources/read', { uri: `job://${jobId}/result` })],
  ['tasks/get', (caller, jobId) => post(caller, 'tasks/get', { taskId: jobId }, { takesTasks: true })],
];

test.each(deliveries)('an answer that %s returned is delivered: an identical request runs again', async (_how, deliver) => {
  const { caller, args, id } = await undelivered();
  await deliver(caller, id);
  expect((await ask(caller, args)).job?.id).not.toBe(id);
});

const others: [string, (caller: Caller, jobId: string) => Promise<unknown>][] = [
  ['a status', (caller, jobId) => callTool(caller, 'llm_job_status', { jobId })],
  ['a list', (caller) => callTool(caller, 'llm_job_list')],
  ['the raw output', (caller, jobId) => callTool(caller, 'llm_job_result', { jobId, raw: 'stdout' })],
  ['another grant that read the answer', (caller, jobId) => callTool({ ...caller, grant: 'other' }, 'llm_job_result', { jobId })],
];

test.each(others)('%s delivers no answer', async (_what, call) => {
  const { caller, args, id } = await undelivered();
  await call(caller, id);
  expect((await ask(caller, args)).job?.id).toBe(id);
});

test('a request of another grant, another request, and one with forceRefresh run', async () => {
  const { caller, args, id } = await undelivered();
  const found = [
    await ask({ ...caller, grant: 'other' }, args),
    await ask(caller, { ...args, maxTurns: 2 }),
    await ask(caller, { ...args, forceRefresh: true }),
  ];
  for (const { job } of found) expect(job).toMatchObject({ id: expect.not.stringMatching(id), state: 'completed' });
});

test('an answer is kept for an identical request for an hour', async () => {
  const [early, late] = [await undelivered(), await undelivered()];
  passTime(HOUR_MS - 60_000);
  expect((await ask(early.caller, early.args)).job?.id).toBe(early.id);
  passTime(120_000);
  expect((await ask(late.caller, late.args)).job?.id).not.toBe(late.id);
});

test.each(['failed', 'canceled', 'orphaned'] as const)('a job that was %s is not returned for an answer', async (state) => {
  const spec = specOf([]);
  const requestKey = crypto.randomUUID();
  await submit(spec, { requestKey });
  await env.ACCOUNTS.getByName(spec.account).release(spec.id, { ...settled, state, finishedAt: Date.now() });
  const again = specOf([answer('again')], { account: spec.account });
  expect(await submit(again, { requestKey })).toMatchObject({ value: { deduplicated: false, job: { id: again.id } } });
});
