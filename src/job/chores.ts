import type { ExecutorClient } from '../runner/executor-client.ts';
import { totalTokens, usageOf } from './progress.ts';
import type { JobRow, JobStore } from './store.ts';

/** What the account keeps of a job that is over. */
export interface Settlement {
  state: JobRow['state'];
  reason: string;
  /** Absent: nothing was ever run. */
  startedAt?: number;
  finishedAt: number;
  costUsd: number;
  totalTokens: number;
}

/** An executor that did not answer for this long after the end is not asked again, in ms. */
const EXECUTOR_FORGET_MS = 3_600_000;

const settlement = ({ state, ending, started_at, finished_at, progress }: JobRow, now: number): Settlement => ({
  state,
  reason: ending?.reason ?? state,
  ...(started_at !== null && { startedAt: started_at }),
  finishedAt: finished_at ?? now,
  costUsd: usageOf(progress)?.costUsd ?? 0,
  totalTokens: totalTokens(usageOf(progress)),
});

/** Ends what may be left of the run and lets the executor drop its log. True once it answered. */
async function acknowledge({ spec, cursor }: JobRow, executor: ExecutorClient): Promise<boolean> {
  const canceled = await executor.cancel(spec.id);
  if (canceled.kind === 'unreachable') return false;
  return canceled.kind === 'refused' || (await executor.events(spec.id, cursor, 0)).kind !== 'unreachable';
}

/** What is left to do for a job that is over: tell its account, tell its executor. Each is done once; false while one is open. */
export async function settle(
  store: JobStore,
  row: JobRow,
  executor: ExecutorClient,
  release: (settlement: Settlement) => Promise<void>,
  now: number,
): Promise<boolean> {
  if (row.settled_at === null) {
    const isReleased = await release(settlement(row, now)).then(
      () => true,
      () => false,
    );
    if (!isReleased) return false;
    store.mark('settled_at', now);
  }
  if (row.acked_at !== null) return true;
  const forget = row.admitted_at === null || now - (row.finished_at ?? now) > EXECUTOR_FORGET_MS;
  if (!forget && !(await acknowledge(row, executor))) return false;
  return store.mark('acked_at', now);
}
