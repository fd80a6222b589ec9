import { DAY_MS, type Limits } from '../config.ts';
import { adviceFor } from '../runner/executor-reply.ts';
import { isOver } from './machine.ts';
import type { Ending } from './record.ts';
import type { JobRow } from './store.ts';

/** Time until an alarm resumes an interrupted drive, in ms. */
export const DRIVE_WATCHDOG_MS = 3_000;
/** Time until a finished job is finalized again, in ms. */
const FINALIZE_RETRY_MS = 2_000;

/** When a queued job times out. The wait of a job that needed approval begins with its approval. */
export const queueDeadline = ({ approved_at, created_at }: JobRow, { queueTimeoutMs }: Limits): number =>
  (approved_at ?? created_at) + queueTimeoutMs;

/** When the job and its output are removed: not before the job is finalized. */
export function expiresAt({ settled_at, acked_at, finished_at }: JobRow, { retentionDays }: Limits): number {
  const isFinal = settled_at !== null && acked_at !== null && finished_at !== null;
  return isFinal ? finished_at + retentionDays * DAY_MS : Number.POSITIVE_INFINITY;
}

/** When the job's alarm is due. */
export function nextAlarm(row: JobRow, limits: Limits, isDriven: boolean, now: number): number {
  if (isOver(row.state)) {
    const expires = expiresAt(row, limits);
    return Number.isFinite(expires) ? expires : now + FINALIZE_RETRY_MS;
  }
  if (row.state === 'held') return row.hold?.expiresAt ?? now;
  return row.admitted_at === null ? queueDeadline(row, limits) : now + (isDriven ? DRIVE_WATCHDOG_MS : 0);
}

/** The end of a job that waited too long for its turn or for an executor. */
export function queueTimeout({ progress, asked_state }: JobRow, { queueTimeoutMs }: Limits): Ending {
  const { activity = 'waiting for its turn', waitsFor } = progress;
  // A request without an answer may have arrived.
  const run = asked_state === null ? 'nothing was run' : 'the executor did not confirm the run, which is canceled';
  const advice = adviceFor(waitsFor ?? 'at_capacity') || 'Try again later.';
  const message = `The job timed out after ${queueTimeoutMs / 1_000} s in the queue; ${run}. It was ${activity}. ${advice}`;
  return { state: 'failed', reason: 'queue_timeout', error: { code: 'queue_timeout', message, retryable: true } };
}
