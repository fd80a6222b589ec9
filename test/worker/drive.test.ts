import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Event, Health } from '../../container/protocol.ts';
import { type Drive, driveJob } from '../../src/job/drive.ts';
import type { JobSpec } from '../../src/job/record.ts';
import { JobStore } from '../../src/job/store.ts';
import type { ExecutorClient } from '../../src/runner/executor-client.ts';
import { type ExecutorReply, type FailedReply, faultOf } from '../../src/runner/executor-reply.ts';
import { jobOf, specOf } from './helpers/jobs.ts';

const HEALTH: Health = {
  protocol: 1,
  version: '1',
  clis: {},
  running: 0,
  maxRunning: 1,
  freeDiskBytes: 1,
  memoryBytes: 1,
  containment: 'none',
};
const LOST: FailedReply = { kind: 'unanswered', error: faultOf('executor_unreachable') };
const CHANGED: ExecutorReply<null> = { kind: 'refused', error: faultOf('state_changed', 'Another disk.') };
const TAKEN: ExecutorReply<null> = { kind: 'ok', value: null };

/** An executor that cannot be reached, but for what has to be sent. */
const SILENT: ExecutorClient = {
  health: async () => LOST,
  wake: async () => LOST,
  start: async () => LOST,
  events: async () => LOST,
  cancel: async () => TAKEN,
  answer: async () => TAKEN,
  erase: async () => TAKEN,
};
const GATE = { baseUrl: 'http://127.0.0.1:9', token: 'a-made-up-run-token' };
/** A drive in which no time passes. */
const STILL = {
  gate: GATE,
  executorLostMs: 1,
  executorSilentMs: 1,
  now: () => 1,
  sleep: async () => {},
  changed: () => {},
  openApproval: async () => {},
};

/** Makes a job whose run goes on. */
function running(storage: DurableObjectStorage, spec: JobSpec): JobStore {
  const store = new JobStore(storage);
  store.create(spec, 'a-made-up-run-token', 1);
  store.mark('admitted_at', 1);
  store.start(1);
  return store;
}

test('a log with a gap ends the job, which keeps what came before', async () => {
  const pages: Event[][] = [[{ seq: 1, at: 1, kind: 'start', pid: 7 }], [{ seq: 3, at: 1, kind: 'output' }]];
  const executor = { ...SILENT, events: async () => ({ kind: 'ok' as const, value: pages.shift() ?? [] }) };
  const spec = specOf([]);
  await runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = running(storage, spec);
    await driveJob({ ...STILL, store, executor }, 2, 'running');
    expect(store.job()).toMatchObject({ state: 'orphaned', cursor: 1, ending: { reason: 'executor_lost' } });
    expect(store.job()?.ending?.error?.message).toContain('expected event 2, got 3');
  });
});

/** Drives a job to its start against an executor that has these states and gives these answers, one after the other. */
async function begin(states: string[], answers: ExecutorReply<null>[]) {
  const asked: (string | null)[] = [];
  const executor: ExecutorClient = {
    ...SILENT,
    wake: async () => ({ kind: 'ok', value: { ...HEALTH, state: states.shift() } }),
    start: async (_id, _request, state) => {
      asked.push(state);
      return answers.shift() ?? LOST;
    },
  };
  const spec = specOf([]);
  return runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = new JobStore(storage);
    store.create(spec, 'a-made-up-run-token', 1);
    store.mark('admitted_at', 1);
    await driveJob({ ...STILL, store, executor }, 2, 'queued');
    const row = store.job();
    await storage.deleteAll();
    return { asked, state: row?.state, reason: row?.ending?.reason };
  });
}

test('a request whose answer was lost is sent again to the executor that may have it', async () => {
  expect(await begin(['a', 'b'], [LOST, LOST, TAKEN])).toEqual({ asked: ['a', 'a', 'a'], state: 'running' });
});

test('a request whose answer was lost is not sent to an executor with another disk, because it may have run', async () => {
  expect(await begin(['a', 'b'], [LOST, CHANGED, TAKEN])).toEqual({
    asked: ['a', 'a'],
    state: 'orphaned',
    reason: 'executor_lost',
  });
});

test('a request that was refused may go to an executor with another disk', async () => {
  expect(await begin(['a', 'b'], [CHANGED, TAKEN])).toEqual({ asked: ['a', 'b'], state: 'running' });
});

test('the approval of a step that a run asks about is opened, and its answer sent to the run, each until it succeeds', async () => {
  const ask: Event = { seq: 2, at: 1, kind: 'ask', id: 'q', tool: 'Bash', input: '{}' };
  const pages: Event[][] = [
    [{ seq: 1, at: 1, kind: 'start', pid: 7 }, ask],
    [{ seq: 3, at: 1, kind: 'output' }],
    [{ seq: 4, at: 1, kind: 'output' }],
    [{ seq: 5, at: 1, kind: 'output' }],
    [{ seq: 6, at: 1, kind: 'answered', ask: 'q', allowed: true }],
    [{ seq: 7, at: 1, kind: 'exit', cause: 'exit', code: 0, signal: null, stdoutBytes: 0, stderrBytes: 0 }],
  ];
  const spec = specOf([]);
  const calls: string[] = [];
  await runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = running(storage, spec);
    const openApproval: Drive['openApproval'] = async ({ id }) => {
      calls.push(`open ${id}`);
      if (calls.length === 1) throw new Error('the account cannot be reached');
      store.note({ answers: { [id]: { allowed: true } } });
    };
    const executor: ExecutorClient = {
      ...SILENT,
      events: async () => ({ kind: 'ok', value: pages.shift() ?? [] }),
      answer: async (_run, answer) => {
        calls.push(`answer ${JSON.stringify(answer)}`);
        return calls.length === 3 ? LOST : TAKEN;
      },
    };
    await driveJob({ ...STILL, store, executor, openApproval }, 2, 'running');
    expect(store.job()?.progress).toMatchObject({ asks: [], answers: {} });
  });
  const answer = 'answer {"ask":"q","allowed":true}';
  expect(calls).toEqual(['open q', 'open q', answer, answer]);
});
