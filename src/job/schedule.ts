import type { Limits } from '../config.ts';
import { DAY_MS } from '../config.ts';
import { isOver } from './machine.ts';
import type { Ending } from './record.ts';
import type { JobRow } from './store.ts';

/** A drive that was cut off is taken up again by an alarm after this, in ms. */
export const DEAD_MAN_MS = 3_000;
/** Pause before chores of a finished job are tried again, in ms. */
const CHORES_MS = 2_000;

/** When a job that waits for its turn has waited too long; its time begins with its approval, where it needed one. */
export const waitsUntil = ({ approved_at, created_at }: JobRow, { queueTimeoutMs }: Limits): number =>
  (approved_at ?? created_at) + queueTimeoutMs;

/** When the job and its output go; never while something is left to do. */
export function expiresAt({ settled_at, acked_at, finished_at }: JobRow, { retentionDays }: Limits): number {
  const isDone = settled_at !== null && acked_at !== null && finished_at !== null;
  return isDone ? finished_at + retentionDays * DAY_MS : Number.POSITIVE_INFINITY;
}

/** When a job has to be looked at next. */
export function nextAlarm(row: JobRow, limits: Limits, isDriven: boolean, now: number): number {
  if (isOver(row.state)) {
    const expires = expiresAt(row, limits);
    return Number.isFinite(expires) ? expires : now + CHORES_MS;
  }
  if (row.state === 'held') return row.hold?.expiresAt ?? now;
  return row.admitted_at === null ? waitsUntil(row, limits) : now + (isDriven ? DEAD_MAN_MS : 0);
}

/** A job that waited too long for its turn, or for an executor. */
export function queueTimeout({ progress }: JobRow, { queueTimeoutMs }: Limits): Ending {
  const what = progress.activity ?? 'waiting for its turn';
  const message = `The job waited ${queueTimeoutMs / 1_000} s and was given up; nothing was run. It was ${what}. Try again when fewer jobs run.`;
  return { state: 'failed', reason: 'queue_timeout', error: { code: 'queue_timeout', message, retryable: true } };
}
