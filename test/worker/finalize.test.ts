import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { finalize, type Settlement } from '../../src/job/finalize.ts';
import type { Ending } from '../../src/job/record.ts';
import { JobStore } from '../../src/job/store.ts';
import type { ExecutorClient } from '../../src/runner/executor-client.ts';
import { type ExecutorReply, faultOf } from '../../src/runner/executor-reply.ts';
import { jobOf, specOf } from './helpers/jobs.ts';

const LOST: ExecutorReply<null> = { kind: 'unanswered', error: faultOf('executor_unreachable') };
const DONE: ExecutorReply<null> = { kind: 'ok', value: null };
const FORGOTTEN: ExecutorReply<null> = { kind: 'refused', error: faultOf('run_not_found', 'The run is unknown.') };
const HOUR_MS = 3_600_000;

/** Finalizes a job that ended at 10, at these times, with an executor and an account that answer like this. */
async function finalizeAt(
  times: number[],
  cancel: ExecutorReply<null>[],
  account: boolean[] = [],
  ending: Ending = { state: 'completed', reason: 'answered' },
) {
  const calls: string[] = [];
  const executor: Pick<ExecutorClient, 'cancel' | 'events'> = {
    cancel: async () => {
      calls.push('cancel');
      return cancel.shift() ?? DONE;
    },
    events: async (_run, after) => {
      calls.push(`acknowledge ${after}`);
      return { kind: 'ok', value: [] };
    },
  };
  const release = async ({ state, startedAt, finishedAt }: Settlement) => {
    calls.push(`release ${state} ${startedAt} ${finishedAt}`);
    if (account.shift() === false) throw new Error('the account is unreachable');
  };
  const spec = specOf([]);
  const row = await runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = new JobStore(storage);
    store.create(spec, 'a-made-up-run-token', 1);
    store.mark('admitted_at', 1);
    store.start(2);
    store.finish(ending, 10);
    for (const now of times) {
      const ended = store.job();
      if (ended) await finalize(store, ended, executor, release, now);
    }
    const found = store.job();
    await store.deleteAll();
    return found;
  });
  return { calls, settledAt: row?.settled_at, ackedAt: row?.acked_at };
}

const RELEASE = 'release completed 2 10';

test('the end is reported to the account, then acknowledged to the executor, and each only once', async () => {
  expect(await finalizeAt([11, 12], [])).toEqual({
    calls: [RELEASE, 'cancel', 'acknowledge 0'],
    settledAt: 11,
    ackedAt: 11,
  });
});

test('an account that is unreachable is asked again, and the executor keeps its log until then', async () => {
  expect(await finalizeAt([11, 12], [], [false])).toEqual({
    calls: [RELEASE, RELEASE, 'cancel', 'acknowledge 0'],
    settledAt: 12,
    ackedAt: 12,
  });
});

test('an executor that is unreachable is asked again for an hour', async () => {
  const found = await finalizeAt([11, 10 + HOUR_MS, 11 + HOUR_MS], [LOST, LOST, LOST]);
  expect(found).toEqual({ calls: [RELEASE, 'cancel', 'cancel'], settledAt: 11, ackedAt: 11 + HOUR_MS });
});

test('an executor that no longer knows the run has nothing to acknowledge', async () => {
  expect(await finalizeAt([11], [FORGOTTEN])).toEqual({ calls: [RELEASE, 'cancel'], settledAt: 11, ackedAt: 11 });
});

test('a run whose log cannot be read is not canceled, and its log is kept', async () => {
  const found = await finalizeAt([11], [], [], { state: 'orphaned', reason: 'protocol_mismatch' });
  expect(found).toEqual({ calls: ['release orphaned 2 10'], settledAt: 11, ackedAt: 11 });
});
