import { type Event, type ExecutorError, PROTOCOL_VERSION, type RunRequest } from '../../container/protocol.ts';
import type { ExecutorClient, ExecutorReply } from '../runner/executor-client.ts';
import { type DeliveredAsks, type OpenApproval, syncAsks } from './asks.ts';
import { finishLost, GapError, ingest } from './ingest.ts';
import type { Ending } from './record.ts';
import type { JobRow, JobStore } from './store.ts';

/** What driving a job needs from outside. Times are in ms. */
export interface Drive {
  store: JobStore;
  executor: ExecutorClient;
  gate: { baseUrl: string; token: string };
  executorLostMs: number;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  openApproval: OpenApproval;
  /** Called after every change that a waiting caller would see. */
  changed: () => void;
}

/** Pause before an executor that was full or unreachable is asked again, by attempt, in ms. */
const BACKOFF_MS = [100, 250, 500, 1_000] as const;
const backoff = (attempt: number) => BACKOFF_MS[attempt] ?? 1_000;

/** Wait of one long poll for events, in ms. Short enough that a silently broken connection is noticed before executorLostMs. */
const LONG_POLL_MS = 5_000;
/** Steps of one drive. An invocation has a limited number of subrequests. */
const STEPS_MAX = 400;

/** Refusals after which the job keeps its place and asks again. */
const TRANSIENT = new Set(['at_capacity', 'disk_full', 'shutting_down', 'session_busy', 'state_changed', 'internal']);

const runRequest = ({ store, gate }: Drive, { spec }: JobRow): RunRequest => ({
  protocol: PROTOCOL_VERSION,
  account: spec.account,
  provider: spec.provider,
  prompt: store.prompt(),
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

/** Shows what the job waits for. */
function showWait({ store }: Drive, { progress }: JobRow, cause: string): void {
  const activity = `waiting for an executor: ${cause.replace(/\.$/, '')}`;
  if (progress.activity !== activity) store.note({ activity });
}

/** The state id of the executor that gets the run. Null: the executor has none. Undefined: no executor is reachable. */
async function targetState(drive: Drive, row: JobRow): Promise<string | null | undefined> {
  const { store, executor } = drive;
  if (row.asked_state !== null) return row.asked_state;
  const health = await executor.wake();
  if (health.kind !== 'ok') {
    showWait(drive, row, health.kind === 'refused' ? health.error.message : 'It cannot be reached.');
    return undefined;
  }
  const state = health.value.state ?? null;
  store.setAskedState(state);
  return state;
}

/** Orphans a job whose earlier request to start was not answered by an executor that is now gone: the run may have started. */
function orphanUnansweredStart({ store, now }: Drive): void {
  store.start(now());
  finishLost(store, 'The executor was lost while it was asked for the run.', now());
}

/** Handles a refusal to start the run: the job waits if it is transient, else it ends. */
function handleRefusal(drive: Drive, row: JobRow, { code, message }: ExecutorError): void {
  const { store, now } = drive;
  store.setAskedState(null);
  if (code === 'state_changed' && row.asked_state !== null) orphanUnansweredStart(drive);
  else if (!TRANSIENT.has(code)) store.finish(refused(code, message), now());
  else showWait(drive, row, message);
}

/** Asks the executor to start the run, and cancels the run if the job was canceled meanwhile. Returns whether it was accepted. */
async function startRun(drive: Drive, row: JobRow, attempt: number): Promise<boolean> {
  const { store, executor, now } = drive;
  const state = await targetState(drive, row);
  const reply = state === undefined ? null : await executor.start(row.spec.id, runRequest(drive, row), state);
  if (reply?.kind === 'ok') {
    if (!store.start(now())) await executor.cancel(row.spec.id);
    return true;
  }
  if (reply?.kind === 'refused') handleRefusal(drive, row, reply.error);
  if (store.job()?.state === 'queued') await drive.sleep(backoff(attempt));
  return false;
}

/** Why a run is lost for good, given a reply without events, or null. */
function lossOf(drive: Drive, reply: Exclude<ExecutorReply<unknown>, { kind: 'ok' }>, silentMs: number): string | null {
  if (reply.kind === 'refused' && ['run_not_found', 'events_gone'].includes(reply.error.code))
    return `The executor no longer knows the run. ${reply.error.message}`;
  if (silentMs < drive.executorLostMs) return null;
  return `The executor could not be reached for ${Math.round(silentMs / 1000)} s.`;
}

/** What a drive remembers between its steps. */
interface DriveMemory {
  /** When the executor last answered. */
  answeredAt: number;
  /** Failures in a row. */
  attempt: number;
  isCancelSent: boolean;
  delivered: DeliveredAsks;
}

/** Stores a page of events. A gap in the log ends the job, because reading again would not fill it. */
function storePage({ store, now }: Drive, page: Event[]): void {
  try {
    ingest(store, page, now());
  } catch (error) {
    if (!(error instanceof GapError)) throw error;
    finishLost(store, `The executor's log of the run has a gap: ${error.message}.`, now());
  }
}

/** Sends a requested cancel and reads one page of events. Returns whether the executor answered with one. */
async function readPage(drive: Drive, row: JobRow, memory: DriveMemory): Promise<boolean> {
  const { store, executor, now } = drive;
  if ((row.cancel_requested_at !== null || row.progress.budgetUsd !== undefined) && !memory.isCancelSent) {
    memory.isCancelSent = (await executor.cancel(row.spec.id)).kind === 'ok';
  }
  await syncAsks(row, executor, drive.openApproval, memory.delivered);
  const reply = await executor.events(row.spec.id, row.cursor, memory.attempt > 0 ? 0 : LONG_POLL_MS);
  if (reply.kind === 'ok') {
    memory.answeredAt = now();
    storePage(drive, reply.value);
    // A waiter is woken after this, and has to find the approval of a step that it sees.
    const after = store.job();
    if (after?.state === 'running') await syncAsks(after, executor, drive.openApproval, memory.delivered);
    return true;
  }
  const loss = lossOf(drive, reply, now() - memory.answeredAt);
  if (loss) finishLost(store, loss, now());
  else await drive.sleep(backoff(memory.attempt));
  return false;
}

/**
 * Drives a job through one phase: starts its run, or stores the run's events. Returns when the phase is over, at `until`, or after STEPS_MAX steps.
 * Concurrent drives of a job are harmless, because the executor starts a run once and the store takes each event once.
 */
export async function driveJob(drive: Drive, until: number, phase: 'queued' | 'running'): Promise<void> {
  const delivered = { toAccount: new Set<string>(), toRun: new Set<string>() };
  const memory: DriveMemory = { answeredAt: drive.now(), attempt: 0, isCancelSent: false, delivered };
  for (let step = 0; step < STEPS_MAX && drive.now() < until; step += 1) {
    const row = drive.store.job();
    if (row?.state !== phase || row.admitted_at === null) return;
    const isDone = phase === 'queued' ? await startRun(drive, row, memory.attempt) : await readPage(drive, row, memory);
    memory.attempt = isDone ? 0 : memory.attempt + 1;
    drive.changed();
  }
}
