import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Health } from '../../container/protocol.ts';
import { readConfig } from '../../src/config.ts';
import { driveJob } from '../../src/job/drive.ts';
import { queueTimeout } from '../../src/job/schedule.ts';
import { JobStore } from '../../src/job/store.ts';
import { viewOf } from '../../src/job/view/view.ts';
import type { ExecutorClient, ExecutorReply } from '../../src/runner/executor-client.ts';
import { jobOf, specOf } from './helpers/jobs.ts';

const AWAY = async () => ({ kind: 'unreachable', detail: 'fetch failed: http://10.0.0.1' }) as const;
const { limits } = readConfig({ QUEUE_TIMEOUT_MS: '5000' });

/** A job that had its turn and asked twice for an executor, which is woken in vain. */
async function waiting(woken: ExecutorReply<Health>) {
  const executor: ExecutorClient = {
    health: AWAY,
    wake: async () => woken,
    start: AWAY,
    events: AWAY,
    cancel: AWAY,
    answer: AWAY,
  };
  const spec = specOf([]);
  return runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = new JobStore(storage);
    store.create(spec, 'a-made-up-run-token', 0);
    store.mark('admitted_at', 0);
    let now = 0;
    const gate = { baseUrl: 'http://127.0.0.1:9', token: 'a-made-up-run-token' };
    const clock = { now: () => now++, sleep: async () => {}, changed: () => {}, openApproval: async () => {} };
    await driveJob({ store, executor, gate, executorLostMs: 1, ...clock }, 3, 'queued');
    const row = store.job();
    await storage.deleteAll();
    if (!row) throw new Error('the job is not there');
    return row;
  });
}

test.each([
  [
    'is full',
    { kind: 'refused', error: { code: 'at_capacity', message: 'No container is free now.' } },
    'waiting for an executor: No container is free now',
  ],
  ['is away', { kind: 'unreachable', detail: 'fetch failed: http://10.0.0.1' }, 'waiting for an executor: It cannot be reached'],
] as const)('a job whose executor %s says so while it waits, and when it times out', async (_how, woken, activity) => {
  const row = await waiting(woken);
  expect(viewOf(row, 1, () => '')).toMatchObject({ state: 'queued', activity });
  expect(queueTimeout(row, limits).error?.message).toBe(
    `The job timed out after 5 s in the queue; nothing was run. It was ${activity}. Try again when fewer jobs run.`,
  );
});
