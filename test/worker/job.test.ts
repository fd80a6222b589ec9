import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { DAY_MS, readConfig } from '../../src/config.ts';
import { ingest } from '../../src/job/ingest.ts';
import { JobStore } from '../../src/job/store.ts';
import { answer, ended, jobOf, say, specOf, submit, textOf } from './helpers/jobs.ts';
import { passTime } from './helpers/time.ts';

const { queueTimeoutMs } = readConfig(env).limits;
/** A wait that outlasts its test. */
const NEVER_MS = 600_000;

test('a job runs, and its answer, its events and its output are kept', async () => {
  const spec = specOf([
    say({ kind: 'text', text: 'Hel' }, { kind: 'text', text: 'lo' }),
    { complain: 'a warning\n' },
    answer('Hello'),
  ]);
  expect(await submit(spec)).toMatchObject({ ok: true, value: { deduplicated: false, job: { id: spec.id, state: 'queued' } } });
  expect(await ended(spec)).toMatchObject({ state: 'completed', reason: 'answered' });
  expect(await textOf(spec, 'answer')).toBe('Hello');
  expect(await textOf(spec, 'stderr')).toBe('a warning\n');
  const status = await jobOf(spec).status(0, 100);
  expect(status).toMatchObject({
    value: {
      events: [
        { kind: 'start' },
        { kind: 'text', text: 'Hel' },
        { kind: 'text', text: 'lo' },
        { kind: 'result' },
        { kind: 'exit' },
      ],
    },
  });
});

/** What a deploy, an eviction or a crash does to an object: its memory is gone, its storage stays. */
const crash = (stub: ReturnType<typeof jobOf>) =>
  runInDurableObject(stub, (_job, state) => state.abort('crash')).catch(() => undefined);

test('an object that is evicted in mid-run continues by its alarm alone, and loses and repeats nothing', async () => {
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('');
  const spec = specOf([
    { write: lines },
    { chatter: '.\n' },
    { on: { signal: 'SIGTERM', steps: [{ write: lines }, answer('done'), { exit: 0 }] } },
  ]);
  await submit({ ...spec, limits: { ...spec.limits, runTimeoutMs: 1_000 } });
  await jobOf(spec).wait(100, 1, 10_000);
  await crash(jobOf(spec));
  expect(await runDurableObjectAlarm(jobOf(spec))).toBe(true);
  expect(await jobOf(spec).status(0, 0)).toMatchObject({ value: { job: { state: 'completed', reason: 'answered' } } });
  expect((await textOf(spec)).startsWith(lines + lines)).toBe(true);
  expect(await textOf(spec, 'answer')).toBe('done');
});

test('a page that comes twice, and an older one, change nothing', async () => {
  const spec = specOf([{ stay: true }]);
  await submit(spec);
  await jobOf(spec).wait(0, 1, 10_000);
  const page = [2, 3].map((seq) => ({
    seq,
    at: 1,
    kind: 'output' as const,
    line: { stream: 'stdout' as const, text: `${seq}`, end: true },
  }));
  await runInDurableObject(jobOf(spec), (_job, state) => {
    const store = new JobStore(state.storage);
    for (const repeated of [page, page, page.slice(0, 1)]) ingest(store, repeated, 1);
    expect(store.texts.read('stdout', 0, 100)).toBe('2\n3\n');
    expect(() => ingest(store, [{ seq: 9, at: 1, kind: 'output' }], 1)).toThrow('expected event 4, got 9');
    expect(store.job()?.cursor).toBe(3);
  });
  expect(await jobOf(spec).status(3, 1)).toMatchObject({ value: { job: { lastSeq: 3 } } });
  await jobOf(spec).cancel();
});

test('a waiter is woken by the next event, and sees no old one', async () => {
  const spec = specOf([{ on: { signal: 'SIGTERM', steps: [{ exit: 0 }] } }, { write: 'up\n' }, { stay: true }]);
  await submit(spec);
  const first = await jobOf(spec).wait(1, 1, 10_000);
  if (!first?.ok) throw new Error('no status');
  const waiting = jobOf(spec).wait(first.value.job.lastSeq, 10, NEVER_MS);
  await jobOf(spec).cancel();
  expect(await waiting).toMatchObject({ value: { events: [{ kind: 'stopping', cause: 'cancel' }] } });
});

test('a cancel is shown until the process is gone, may be repeated, and says when the job was over', async () => {
  const spec = specOf([{ ignore: 'SIGTERM' }, { write: 'up\n' }, { stay: true }]);
  await submit(spec);
  await jobOf(spec).wait(1, 1, 10_000);
  for (const _ of [1, 2])
    expect(await jobOf(spec).cancel()).toMatchObject({ over: false, job: { state: 'running', canceling: true } });
  expect(await ended(spec)).toMatchObject({ state: 'canceled', reason: 'cancel' });
  expect(await jobOf(spec).cancel()).toMatchObject({ over: true, job: { state: 'canceled' } });
});

const ends: [string, Parameters<typeof specOf>[0], Record<string, number>, string][] = [
  ['silence', [{ write: 'up\n' }, { stay: true }], { idleTimeoutMs: 100 }, 'idle_timeout'],
  ['a long run', [{ chatter: '.\n' }], { runTimeoutMs: 200 }, 'run_timeout'],
  [
    'too much output',
    [{ flood: { text: 'x'.repeat(1_000), times: 100 } }, { stay: true }],
    { outputCapBytes: 2_000 },
    'output_cap',
  ],
  ['no result', [{ write: 'hello\n' }], {}, 'no_result'],
  ['an empty answer', [answer('')], {}, 'empty_answer'],
  ['a blank answer', [answer('\n\n')], {}, 'empty_answer'],
];

test.each(ends)('a job whose run ends by %s fails, and says so', async (_name, steps, limits, reason) => {
  const spec = specOf(steps);
  await submit({ ...spec, limits: { ...spec.limits, ...limits } });
  expect(await ended(spec)).toMatchObject({ state: 'failed', reason, error: { code: reason } });
});

test('what the executor refuses fails the job with its code, and nothing is run', async () => {
  const missing = specOf([], { provider: 'absent' });
  await submit(missing);
  expect(await ended(missing)).toMatchObject({ state: 'failed', reason: 'cli_missing', lastSeq: 0 });
});

test('the last of several results counts, and what comes after it is kept', async () => {
  const spec = specOf([answer('first', 0), answer('second', 1), { write: 'an afterthought\n' }]);
  await submit(spec);
  expect(await ended(spec)).toMatchObject({ state: 'completed' });
  expect(await textOf(spec, 'answer')).toBe('second');
  expect(await textOf(spec)).toMatch(/an afterthought\n$/);
});

test('a model call is allowed with the token of an unfinished run of its provider, and no longer', async () => {
  const spec = specOf([{ write: 'up\n' }, { stay: true }]);
  await submit(spec);
  await jobOf(spec).wait(1, 1, 10_000);
  expect(await jobOf(spec).mayCallModel('a-made-up-run-token', 'scripted')).toBe(true);
  expect(await jobOf(spec).mayCallModel('another-run-token..', 'scripted')).toBe(false);
  expect(await jobOf(spec).mayCallModel('a-made-up-run-token', 'claude')).toBe(false);
  await jobOf(spec).cancel();
  await ended(spec);
  expect(await jobOf(spec).mayCallModel('a-made-up-run-token', 'scripted')).toBe(false);
});

test('a job that was never created is not found, and looking for it leaves no trace', async () => {
  const spec = specOf([]);
  expect(await jobOf(spec).status(0, 1)).toBeNull();
  expect(await jobOf(spec).text('answer', 0, 1)).toBeNull();
  expect(await jobOf(spec).cancel()).toBeNull();
  expect(await jobOf(spec).remove()).toBeNull();
  await runInDurableObject(jobOf(spec), async (_job, state) => {
    expect(state.storage.sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'`).toArray()).toEqual([]);
    expect(await state.storage.getAlarm()).toBeNull();
  });
});

test('a cursor or an offset ahead of the job is refused with both figures', async () => {
  const spec = specOf([answer('four')]);
  await submit(spec);
  const { lastSeq } = await ended(spec);
  expect(await jobOf(spec).status(lastSeq + 1, 1)).toMatchObject({
    failure: { code: 'cursor_ahead', after: lastSeq + 1, last: lastSeq },
  });
  expect(await jobOf(spec).text('answer', 5, 1)).toMatchObject({ failure: { code: 'offset_ahead', offset: 5, total: 4 } });
});

test('a job is deleted only when it is over, and is gone then', async () => {
  const spec = specOf([{ write: 'up\n' }, { stay: true }]);
  await submit(spec);
  await jobOf(spec).wait(1, 1, 10_000);
  expect(await jobOf(spec).remove()).toMatchObject({ failure: { code: 'job_not_over', state: 'running' } });
  await jobOf(spec).cancel();
  await ended(spec);
  expect(await jobOf(spec).remove()).toMatchObject({ ok: true });
  expect(await jobOf(spec).status(0, 1)).toBeNull();
});

test('the alarm of a job that was over for longer than the retention removes it, and its account forgets it', async () => {
  const spec = specOf([answer('old')]);
  await submit(spec);
  await ended(spec);
  const account = env.ACCOUNTS.getByName(spec.account);
  await expect.poll(() => account.health()).toEqual({ running: 0, queued: 0, held: 0 });
  await runDurableObjectAlarm(jobOf(spec));
  expect(await jobOf(spec).status(0, 1)).not.toBeNull();
  passTime(30 * DAY_MS);
  await runDurableObjectAlarm(jobOf(spec));
  expect(await jobOf(spec).status(0, 1)).toBeNull();
  await runDurableObjectAlarm(account);
  expect(await account.list({ limit: 1 })).toEqual([]);
});

test('a job that waited too long for its turn fails by its alarm, and was never run', async () => {
  const id = crypto.randomUUID();
  const running = specOf([{ write: 'up\n' }, { stay: true }], { session: { mode: 'new', id } });
  await submit(running);
  const waiting = specOf([answer('never')], { account: running.account, session: { mode: 'resume', id } });
  await submit(waiting);
  passTime(queueTimeoutMs);
  await runDurableObjectAlarm(jobOf(waiting));
  expect(await ended(waiting)).toMatchObject({
    state: 'failed',
    reason: 'queue_timeout',
    lastSeq: 0,
    error: { retryable: true },
  });
  await jobOf(running).cancel();
  await ended(running);
});
