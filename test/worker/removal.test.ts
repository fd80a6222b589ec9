import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PROTOCOL_VERSION } from '../../container/protocol.ts';
import type { Caller } from '../../src/caller.ts';
import { DAY_MS, readConfig } from '../../src/config.ts';
import { decide, hold, pair } from './helpers/held.ts';
import { answer, ended, jobOf, specOf, submit } from './helpers/jobs.ts';
import { callTool, someone } from './helpers/post.ts';
import { rowsIn } from './helpers/rows.ts';
import { passTime } from './helpers/time.ts';

const { executorUrl = '', executorToken = '' } = readConfig(env);
const accountOf = ({ account }: { account: string }) => env.ACCOUNTS.getByName(account);

/** A prompt whose CLI writes a conversation and answers. */
const talk = (text = crypto.randomUUID()) => JSON.stringify([{ converse: text }, answer(text)]);

/** Runs a request to its end and returns its job. */
async function ran(caller: Caller, args: Record<string, unknown> = {}) {
  const { job } = await callTool(caller, 'claude_request', { prompt: talk(), ...args });
  expect(job?.state).toBe('completed');
  return { id: job?.id ?? '', account: caller.account, sessionId: job?.sessionId ?? '' };
}

const remove = async (caller: Caller, { id }: { id: string }) => (await callTool(caller, 'llm_job_delete', { jobId: id })).job;

/** Whether the executor has a conversation: it then accepts a run that continues it. */
async function isInExecutor({ account }: Caller, id: string, provider = 'claude'): Promise<boolean> {
  const limits = {
    idleTimeoutMs: 9_000,
    runTimeoutMs: 9_000,
    outputCapBytes: 9_000,
    outputTailBytes: 9_000,
    cancelGraceMs: 9_000,
  };
  const gate = { baseUrl: 'http://127.0.0.1:9/gate', token: 'a-made-up-run-token' };
  const session = { mode: 'resume', id };
  const body = { protocol: PROTOCOL_VERSION, account, provider, prompt: '[]', options: {}, session, gate, limits };
  const run = `${executorUrl}/runs/probe_${crypto.randomUUID()}`;
  const headers = { authorization: `Bearer ${executorToken}` };
  const { status } = await fetch(run, { method: 'PUT', headers, body: JSON.stringify(body) });
  expect([201, 404]).toContain(status);
  // A session is in use until its run has ended.
  for (let after = 0, isOver = status !== 201; !isOver; ) {
    const page = await (await fetch(`${run}/events?wait=9000&after=${after}`, { headers })).arrayBuffer();
    const log = new TextDecoder().decode(page);
    after += log.split('\n').length - 1;
    isOver = log.includes('"kind":"exit"');
  }
  return status === 201;
}

test('a deleted job leaves nothing: not in its object, not in its account, and no conversation in the executor', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const before = await rowsIn(accountOf(caller));
  const job = await ran(caller);
  expect(await isInExecutor(caller, job.sessionId)).toBe(true);
  const removed = await remove(caller, job);
  expect(removed).toMatchObject({ id: job.id, deleted: true });
  expect(removed?.left).toBeUndefined();
  expect(await isInExecutor(caller, job.sessionId)).toBe(false);
  expect((await callTool(caller, 'claude_request', { prompt: talk(), sessionId: job.sessionId })).error?.code).toBe(
    'session_not_found',
  );
  expect(await rowsIn(jobOf(job))).toEqual({});
  await runInDurableObject(jobOf(job), async (_job, { storage }) => expect(await storage.getAlarm()).toBeNull());
  const { audit, ...rows } = await rowsIn(accountOf(caller));
  expect(rows).toEqual(before);
  expect(audit).toBeGreaterThan(2);
});

test('a conversation stays while other jobs belong to it, and the answer says so; it goes with the last one', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const first = await ran(caller);
  const second = await ran(caller, { sessionId: first.sessionId });
  const removed = await callTool(caller, 'llm_job_delete', { jobId: first.id });
  const words = `Conversation ${first.sessionId} stays, because it belongs to 1 other jobs too.`;
  expect(removed.job?.left).toEqual([words]);
  expect(JSON.stringify(removed.result?.content)).toContain(words);
  expect(await isInExecutor(caller, first.sessionId)).toBe(true);
  expect((await remove(caller, second))?.left).toBeUndefined();
  expect(await isInExecutor(caller, first.sessionId)).toBe(false);
});

test('copies of a conversation stay and are named, also copies of copies', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const first = await ran(caller);
  const copy = await ran(caller, { sessionId: first.sessionId, forkSession: true });
  const second = await ran(caller, { sessionId: copy.sessionId, forkSession: true });
  const left = (await remove(caller, first))?.left ?? [];
  expect(left).toHaveLength(1);
  expect(left[0]).toContain('Copies of the conversation stay: ');
  for (const { sessionId } of [copy, second]) expect(left[0]).toContain(sessionId);
  expect(await isInExecutor(caller, copy.sessionId)).toBe(true);
  expect((await remove(caller, copy))?.left?.[0]).toContain(second.sessionId);
  expect((await remove(caller, second))?.left).toBeUndefined();
});

test("a job that continued the latest conversation of its workspace belongs to it, and the workspace's files stay", async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const first = await ran(caller, { workspace: 'w1' });
  const latest = await ran(caller, { workspace: 'w1', continueSession: true });
  expect(latest.sessionId).toBe(first.sessionId);
  const files = 'Files in workspace w1 stay.';
  expect((await remove(caller, first))?.left).toEqual([expect.stringContaining('1 other jobs'), files]);
  expect((await remove(caller, latest))?.left).toEqual([files]);
  expect(await isInExecutor(caller, first.sessionId)).toBe(false);
});

test('an executor that does not answer removes the files when it does', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const job = await ran(caller);
  const { fetch } = globalThis;
  const cut = vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init = {}) => {
    if (String(url).includes(`/runs/${job.id}/files`)) throw new Error('the connection was cut');
    return fetch(url, init);
  });
  onTestFinished(() => cut.mockRestore());
  expect((await remove(caller, job))?.left).toEqual([
    'The executor does not answer: its files of the job are removed when it does.',
  ]);
  expect((await callTool(caller, 'llm_job_status', { jobId: job.id })).error?.code).toBe('job_not_found');
  expect(await runDurableObjectAlarm(jobOf(job))).toBe(true);
  expect(await isInExecutor(caller, job.sessionId)).toBe(true);
  cut.mockRestore();
  expect(await runDurableObjectAlarm(jobOf(job))).toBe(true);
  expect(await isInExecutor(caller, job.sessionId)).toBe(false);
  expect(await runDurableObjectAlarm(jobOf(job))).toBe(false);
});

test('the approvals of a deleted job are removed with what was to be approved', async () => {
  const { requester, approver, account } = await pair();
  const { job, approvalId } = await hold(requester);
  await decide(approver, approvalId, false);
  await ended(job);
  const gone = await jobOf(job).remove();
  expect(gone).toMatchObject({ ok: true });
  expect(await account.approval(approvalId)).toBeNull();
  expect(await rowsIn(account)).not.toHaveProperty('piece');
});

test('after a year, an account that was only read has no rows left', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  await callTool(caller, 'llm_job_list');
  expect(await rowsIn(accountOf(caller))).toMatchObject({ audit: 1 });
  passTime(366 * DAY_MS);
  expect(await runDurableObjectAlarm(accountOf(caller))).toBe(true);
  // The head of the chain of the audit log stays.
  expect(await rowsIn(accountOf(caller))).toEqual({ audit_base: 1 });
});

const MANY = 100;
/** Runs of those jobs that start a CLI. The others end before, because it cannot be started. */
const STARTED = 20;

test('a hundred jobs leave nothing after their retention: no rows, no conversations, and about the bytes from before', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const account = accountOf(caller);
  const bytes = () => runInDurableObject(account, (_account, { storage }) => storage.sql.databaseSize);
  const before = await rowsIn(account);
  const bytesBefore = await bytes();
  const specs = {
    started: { account: caller.account },
    unstartable: { account: caller.account, options: { unstartable: true } },
  };
  const jobs = Array.from({ length: MANY }, (_, index) =>
    specOf([answer('done')], index < STARTED ? specs.started : specs.unstartable),
  );
  for (let start = 0; start < MANY; start += 20) {
    const batch = jobs.slice(start, start + 20);
    for (const spec of batch) expect((await submit(spec)).ok).toBe(true);
    await Promise.all(batch.map(ended));
  }
  await expect.poll(() => account.health()).toEqual({ running: 0, queued: 0, held: 0 });
  expect(await rowsIn(account)).toMatchObject({ entry: MANY, session: MANY });
  const [first = specOf([])] = jobs;
  const session = 'id' in first.session ? first.session.id : '';
  expect(await isInExecutor(caller, session, 'scripted')).toBe(true);
  const bytesFull = await bytes();
  passTime(31 * DAY_MS);
  // The first alarm may still have to finalize the job.
  for (const spec of jobs) while ((await runDurableObjectAlarm(jobOf(spec))) && (await jobOf(spec).status(0, 0)));
  passTime(366 * DAY_MS);
  await runDurableObjectAlarm(account);
  const { audit_base: _head, ...rows } = await rowsIn(account);
  expect(rows).toEqual(before);
  for (const spec of jobs) expect(await rowsIn(jobOf(spec))).toEqual({});
  // The search index gives back the space of removed rows only when it merges its segments.
  expect((await bytes()) - bytesBefore).toBeLessThan((bytesFull - bytesBefore) / 2);
  expect(await isInExecutor(caller, session, 'scripted')).toBe(false);
}, 120_000);
