import type { ExecutorClient } from '../runner/executor-client.ts';
import { totalTokens, usageOfRun } from './progress.ts';
import type { JobRow, JobStore } from './store.ts';
import { answerExcerpt } from './view/excerpt.ts';
import { sessionIdOf } from './view/view.ts';

/** The part of an executor's client that acknowledges an end. */
type Acknowledging = Pick<ExecutorClient, 'cancel' | 'events'>;

/** What the account stores of a job that is over. */
export interface Settlement {
  state: JobRow['state'];
  reason: string;
  /** Absent: nothing was run. */
  startedAt?: number;
  finishedAt: number;
  costUsd: number;
  totalTokens: number;
  /** The session that the run wrote to. Absent: there was none. */
  sessionId?: string;
  /** Start and end of the answer, for searching. */
  answer?: string;
}

/** Time after a job's end during which an unreachable executor is asked again, in ms. */
const ACKNOWLEDGE_MAX_MS = 3_600_000;

/** What the account stores of a job that is over. */
export function settlementOf(store: JobStore, row: JobRow, now: number): Settlement {
  const { state, ending, started_at, finished_at, progress } = row;
  const sessionId = sessionIdOf(row);
  return {
    state,
    reason: ending?.reason ?? state,
    ...(started_at !== null && { startedAt: started_at }),
    finishedAt: finished_at ?? now,
    costUsd: usageOfRun(progress)?.costUsd ?? 0,
    totalTokens: totalTokens(usageOfRun(progress)),
    ...(sessionId !== undefined && { sessionId }),
    answer: answerExcerpt(store.texts, row),
  };
}

/**
 * Ends what may be left of the run and lets the executor remove its log. Returns whether the executor answered. A run whose log this version
 * cannot read goes on, and its log is kept.
 */
async function acknowledge({ spec, cursor, ending }: JobRow, executor: Acknowledging): Promise<boolean> {
  if (ending?.reason === 'protocol_mismatch' && ending.state === 'orphaned') return true;
  const canceled = await executor.cancel(spec.id);
  if (canceled.kind === 'unanswered') return false;
  return canceled.kind === 'refused' || (await executor.events(spec.id, cursor, 0)).kind !== 'unanswered';
}

/** Reports a job's end to its account and acknowledges it to the executor, each once. Retry while one of them is left. */
export async function finalize(
  store: JobStore,
  row: JobRow,
  executor: Acknowledging,
  release: (settlement: Settlement) => Promise<void>,
  now: number,
): Promise<void> {
  if (row.settled_at === null) {
    const isReleased = await release(settlementOf(store, row, now)).then(
      () => true,
      () => false,
    );
    if (!isReleased) return;
    store.mark('settled_at', now);
  }
  if (row.acked_at !== null) return;
  const isForgotten = row.admitted_at === null || now - (row.finished_at ?? now) > ACKNOWLEDGE_MAX_MS;
  if (isForgotten || (await acknowledge(row, executor))) store.mark('acked_at', now);
}
