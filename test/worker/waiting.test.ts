import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Health } from '../../container/protocol.ts';
import { readConfig } from '../../src/config.ts';
import { driveJob } from '../../src/job/drive.ts';
import { queueTimeout } from '../../src/job/schedule.ts';
import { viewOf } from '../../src/job/view/view.ts';
import type { ExecutorClient } from '../../src/runner/executor-client.ts';
import { type ExecutorReply, faultOf } from '../../src/runner/executor-reply.ts';
import { admittedIn, CLOSED_GATE, jobOf, specOf } from './helpers/jobs.ts';

const AWAY = async () => ({ kind: 'unanswered', error: faultOf('executor_unreachable') }) as const;
const SILENT = { kind: 'unanswered', error: faultOf('executor_silent') } as const;
const { limits } = readConfig({ QUEUE_TIMEOUT_MS: '5000' });

interface Times {
  wake?: number;
  start?: number;
}

/** Drives a job that had its turn at 0 for 3 ms, with an executor that is woken with this reply. Returns the waits that it was given. */
async function waiting(woken: ExecutorReply<Health>, takes: Times = {}) {
  let now = 0;
  const waits: number[] = [];
  const executor: ExecutorClient = {
    health: AWAY,
    wake: async (maxMs) => {
      waits.push(maxMs);
      now += takes.wake ?? 1;
      return woken;
    },
    start: async (_run, _request, _state, maxMs) => {
      waits.push(maxMs);
      now += takes.start ?? 1;
      return SILENT;
    },
    events: AWAY,
    cancel: AWAY,
    answer: AWAY,
    erase: AWAY,
  };
  const spec = specOf([]);
  return runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = admittedIn(storage, spec);
    const sleep = async (ms: number) => {
      waits.push(ms);
    };
    const clock = { now: () => now, sleep, changed: () => {}, openApproval: async () => {} };
    await driveJob({ store, executor, gate: CLOSED_GATE, executorLostMs: 1, executorSilentMs: 1, ...clock }, 3, 'queued');
    const row = store.job();
    await storage.deleteAll();
    if (!row) throw new Error('the job is not there');
    return { row, waits };
  });
}

test.each([
  [
    'is full',
    faultOf('at_capacity', 'No container is free now.'),
    'waiting for an executor: No container is free now',
    'Try again when fewer jobs run.',
  ],
  [
    'has another token',
    faultOf('unauthorized'),
    'waiting for an executor: The executor does not accept the token of the gateway',
    'The operator has to set EXECUTOR_TOKEN to the same value for the gateway and the executor.',
  ],
  [
    'cannot be reached',
    faultOf('executor_unreachable'),
    'waiting for an executor: The executor cannot be reached',
    'The operator has to check that the executor runs, and EXECUTOR_URL or the container in the dashboard.',
  ],
])('a job whose executor %s says so while it waits, and when it times out', async (_how, error, activity, advice) => {
  const { row } = await waiting({ kind: 'refused', error });
  expect(viewOf(row, 1, () => '')).toMatchObject({ state: 'queued', activity });
  expect(queueTimeout(row, limits).error?.message).toBe(
    `The job timed out after 5 s in the queue; nothing was run. It was ${activity}. ${advice}`,
  );
});

test('a job that never had its turn is told to come back when fewer jobs run', async () => {
  const { row } = await waiting({ kind: 'refused', error: faultOf('at_capacity') });
  const { message } =
    queueTimeout({ ...row, progress: { ...row.progress, activity: undefined, waitsFor: undefined } }, limits).error ?? {};
  expect(message).toMatch(/It was waiting for its turn\. Try again when fewer jobs run\.$/);
});

test.each(['executor_forbidden', 'not_an_executor', 'protocol_mismatch'] as const)(
  'a job ends at once with the cause and the next step if waiting does not help: %s',
  async (code) => {
    const error = faultOf(code, 'The cause.');
    const { row, waits } = await waiting({ kind: 'unanswered', error });
    expect(waits).toHaveLength(1);
    expect(row).toMatchObject({
      state: 'failed',
      ending: { reason: code, error: { code, retryable: false, message: `The cause. ${error.advice}` } },
    });
  },
);

const HEALTH: Health = {
  ...{ protocol: 2, state: 'a', version: '1', clis: {}, running: 0, maxRunning: 1, freeDiskBytes: 1, memoryBytes: 1 },
  containment: 'none',
};

test('no wait of a queued job outlasts its deadline', async () => {
  expect((await waiting(SILENT, { wake: 2 })).waits).toEqual([3, 1, 1, 0]);
  expect((await waiting({ kind: 'ok', value: HEALTH }, { wake: 1, start: 2 })).waits).toEqual([3, 2, 0]);
});

test('a job whose executor did not confirm its run does not claim that nothing was run', async () => {
  const { row } = await waiting({ kind: 'ok', value: HEALTH });
  expect(queueTimeout(row, limits).error?.message).toContain('the executor did not confirm the run, which is canceled');
});
