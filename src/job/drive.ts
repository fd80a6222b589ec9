import { EVENT_WAIT_MAX_MS, PROTOCOL_VERSION, type RunRequest } from '../../container/protocol.ts';
import type { ExecutorClient, Reply } from '../runner/executor-client.ts';
import { ingest } from './ingest.ts';
import { orphaned } from './outcome.ts';
import type { Ending } from './record.ts';
import type { JobRow, JobStore } from './store.ts';

/** What driving a job needs from outside. Times are ms. */
export interface Drive {
  store: JobStore;
  executor: ExecutorClient;
  gate: { baseUrl: string; token: string };
  executorLostMs: number;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Called after every change that a waiting caller would see. */
  changed: () => void;
}

/** Pause before an executor is asked again that was full or could not be reached, by attempt, in ms. */
const BACKOFF_MS = [100, 250, 500, 1_000, 2_000] as const;
const backoff = (attempt: number) => BACKOFF_MS[attempt] ?? 2_000;

/** Refusals that pass: the job keeps its place. */
const PASSING = new Set(['at_capacity', 'disk_full', 'shutting_down', 'session_busy', 'internal']);

const runRequest = ({ spec, prompt }: JobRow, gate: Drive['gate']): RunRequest => ({
  protocol: PROTOCOL_VERSION,
  account: spec.account,
  provider: spec.provider,
  prompt,
  options: spec.options,
  session: spec.session,
  workspace: spec.workspace,
  workingDir: spec.workingDir,
  gate,
  limits: spec.limits,
});

const refused = (code: string, message: string): Ending => ({
  state: 'failed',
  reason: code,
  error: { code, message, retryable: false },
});

/** Asks the executor for a run until it takes it. A job that was canceled meanwhile leaves none behind. */
async function start(drive: Drive, row: JobRow, attempt: number): Promise<boolean> {
  const { store, executor, now } = drive;
  const reply = await executor.start(row.spec.id, runRequest(row, drive.gate));
  if (reply.kind === 'ok') {
    if (!store.start(now())) await executor.cancel(row.spec.id);
    return true;
  }
  if (reply.kind === 'refused' && !PASSING.has(reply.error.code))
    store.finish(refused(reply.error.code, reply.error.message), now());
  else await drive.sleep(backoff(attempt));
  return false;
}

/** Whether the run is lost for good, given an answer that was no page. */
function lost(drive: Drive, reply: Exclude<Reply<unknown>, { kind: 'ok' }>, silentMs: number): Ending | null {
  if (reply.kind === 'refused' && ['run_not_found', 'events_gone'].includes(reply.error.code))
    return orphaned('executor_lost', 'The executor no longer knows the run: it was restarted without its disk.');
  if (silentMs < drive.executorLostMs) return null;
  return orphaned('executor_lost', `The executor could not be reached for ${Math.round(silentMs / 1000)} s.`);
}

/** What one drive remembers between its steps. */
interface Memory {
  /** When the executor last answered. */
  heardAt: number;
  /** Failures in a row. */
  attempt: number;
  cancelSent: boolean;
}

/** Reads one page of events, after passing on a cancel. */
async function follow(drive: Drive, row: JobRow, memory: Memory): Promise<boolean> {
  const { store, executor, now } = drive;
  if (row.cancel_requested_at !== null && !memory.cancelSent) {
    memory.cancelSent = (await executor.cancel(row.spec.id)).kind === 'ok';
  }
  const reply = await executor.events(row.spec.id, row.cursor, memory.attempt > 0 ? 0 : EVENT_WAIT_MAX_MS);
  if (reply.kind === 'ok') {
    memory.heardAt = now();
    ingest(store, reply.value, now());
    return true;
  }
  const ending = lost(drive, reply, now() - memory.heardAt);
  if (ending) store.finish(ending, now());
  else await drive.sleep(backoff(memory.attempt));
  return false;
}

/**
 * Moves a job through one phase until that is over or `until` has passed: has its run started, or stores what the run
 * writes. Several drives of one job at once are harmless: the executor starts a run once, the store takes each event once.
 */
export async function driveJob(drive: Drive, until: number, phase: 'queued' | 'running'): Promise<void> {
  const memory: Memory = { heardAt: drive.now(), attempt: 0, cancelSent: false };
  while (drive.now() < until) {
    const row = drive.store.job();
    if (row?.state !== phase || row.admitted_at === null) return;
    const went = phase === 'queued' ? await start(drive, row, memory.attempt) : await follow(drive, row, memory);
    memory.attempt = went ? 0 : memory.attempt + 1;
    drive.changed();
  }
}
