import { type Event, PROTOCOL_VERSION, type RunRequest } from '../../container/protocol.ts';
import { ANSWER_MARGIN_MS, type ExecutorClient } from '../runner/executor-client.ts';
import type { FailedReply, ReplyFault } from '../runner/executor-reply.ts';
import { type DeliveredAsks, type OpenApproval, syncAsks } from './asks.ts';
import { finishLost, GapError, ingest, type Loss } from './ingest.ts';
import type { Ending } from './record.ts';
import type { JobRow, JobStore } from './store.ts';

/** What driving a job needs from outside. Times are in ms. */
export interface Drive {
  store: JobStore;
  executor: ExecutorClient;
  gate: { baseUrl: string; token: string };
  executorLostMs: number;
  executorSilentMs: number;
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

/** How much longer than it can take an ask may last, in ms. One that lasted longer spans a pause of this side and proves nothing. */
const PAUSE_MIN_MS = 2_000;

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

const refused = ({ code, message, advice }: ReplyFault): Ending => ({
  state: 'failed',
  reason: code,
  error: { code, message: `${message} ${advice}`.trim(), retryable: false },
});

/** Shows what the job waits for, or ends it if waiting does not help. */
function waitFor({ store, now }: Drive, { progress }: JobRow, fault: ReplyFault): void {
  if (!fault.retryable) return void store.finish(refused(fault), now());
  const activity = `waiting for an executor: ${fault.message.replace(/\.$/, '')}`;
  if (progress.activity !== activity) store.note({ activity, waitsFor: fault.code });
}

/** The state id of the executor that gets the run. Null: the executor has none. Undefined: no executor is reachable. */
async function targetState(drive: Drive, row: JobRow, maxMs: number): Promise<string | null | undefined> {
  const { store, executor } = drive;
  if (row.asked_state !== null) return row.asked_state;
  const health = await executor.wake(maxMs);
  if (health.kind !== 'ok') {
    waitFor(drive, row, health.error);
    return undefined;
  }
  const state = health.value.state ?? null;
  store.setAskedState(state);
  return state;
}

/** Orphans a job whose earlier request to start was not answered by an executor that is now gone: the run may have started. */
function orphanUnansweredStart({ store, now }: Drive): void {
  store.start(now());
  finishLost(store, { cause: 'The executor was lost while it was asked for the run.' }, now());
}

/** Handles a failed request to start the run: the job waits if the cause may pass, else it ends. */
function handleFailedStart(drive: Drive, row: JobRow, { kind, error }: FailedReply): void {
  if (kind === 'refused') drive.store.setAskedState(null);
  if (error.code === 'state_changed' && row.asked_state !== null) orphanUnansweredStart(drive);
  else waitFor(drive, row, error);
}

/** Asks the executor to start the run, and cancels the run if the job was canceled meanwhile. Returns whether it was accepted. */
async function startRun(drive: Drive, row: JobRow, attempt: number, until: number): Promise<boolean> {
  const { store, executor, now } = drive;
  const leftMs = () => Math.max(0, until - now());
  const state = await targetState(drive, row, leftMs());
  const reply = state === undefined ? null : await executor.start(row.spec.id, runRequest(drive, row), state, leftMs());
  if (reply?.kind === 'ok') {
    if (!store.start(now())) await executor.cancel(row.spec.id);
    return true;
  }
  if (reply) handleFailedStart(drive, row, reply);
  if (store.job()?.state === 'queued') await drive.sleep(Math.min(backoff(attempt), leftMs()));
  return false;
}

/** Silence of the executor since its last answer, as far as this side was awake and asking, in ms. */
interface Silence {
  silentMs: number;
  /** The end of it in which no connection was accepted and left without an answer. */
  refusedMs: number;
}

const NO_SILENCE: Silence = { silentMs: 0, refusedMs: 0 };

/** Why a run is lost for good, given a reply without events after a silence, or null. */
function lossOf(drive: Drive, { kind, error }: FailedReply, { silentMs, refusedMs }: Silence): Loss | null {
  const { code, message, advice } = error;
  if (kind === 'refused' && ['run_not_found', 'events_gone'].includes(code))
    return { cause: `The executor no longer knows the run. ${message}` };
  // A dead executor refuses connections; one that accepts them and is silent may be paused.
  if (silentMs < drive.executorSilentMs && (code === 'executor_silent' || refusedMs < drive.executorLostMs)) return null;
  const cause = `${message} It was asked for ${Math.round(silentMs / 1_000)} s. ${advice}`.trim();
  return code === 'protocol_mismatch' ? { cause, code } : { cause };
}

/** What a drive remembers between its steps. */
interface DriveMemory {
  silence: Silence;
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
    finishLost(store, { cause: `The executor's log of the run has a gap: ${error.message}.` }, now());
  }
}

/** Sends a requested cancel and reads one page of events. Returns whether the executor answered with one. */
async function readPage(drive: Drive, row: JobRow, memory: DriveMemory): Promise<boolean> {
  const { store, executor, now } = drive;
  if ((row.cancel_requested_at !== null || row.progress.budgetUsd !== undefined) && !memory.isCancelSent) {
    memory.isCancelSent = (await executor.cancel(row.spec.id)).kind === 'ok';
  }
  await syncAsks(row, executor, drive.openApproval, memory.delivered);
  const waitMs = memory.attempt > 0 ? 0 : LONG_POLL_MS;
  const askedAt = now();
  const reply = await executor.events(row.spec.id, row.cursor, waitMs);
  if (reply.kind === 'ok') {
    memory.silence = NO_SILENCE;
    storePage(drive, reply.value);
    // A waiter is woken after this, and has to find the approval of a step that it sees.
    const after = store.job();
    if (after?.state === 'running') await syncAsks(after, executor, drive.openApproval, memory.delivered);
    return true;
  }
  const askedMs = now() - askedAt;
  const wasAwake = askedMs >= 0 && askedMs <= waitMs + ANSWER_MARGIN_MS + PAUSE_MIN_MS;
  // Only an ask that began after the limit ends the run: the executor is asked once more.
  const loss = lossOf(drive, reply, wasAwake ? memory.silence : NO_SILENCE);
  if (loss) finishLost(store, loss, now());
  else await drive.sleep(backoff(memory.attempt));
  const { silentMs, refusedMs } = wasAwake ? memory.silence : NO_SILENCE;
  const addedMs = wasAwake ? askedMs + backoff(memory.attempt) : 0;
  memory.silence = {
    silentMs: silentMs + addedMs,
    refusedMs: reply.error.code === 'executor_silent' ? 0 : refusedMs + addedMs,
  };
  return false;
}

/**
 * Drives a job through one phase: starts its run, or stores the run's events. Returns when the phase is over, at `until`, or after STEPS_MAX steps.
 * Concurrent drives of a job are harmless, because the executor starts a run once and the store takes each event once.
 */
export async function driveJob(drive: Drive, until: number, phase: 'queued' | 'running'): Promise<void> {
  const delivered = { toAccount: new Set<string>(), toRun: new Set<string>() };
  const memory: DriveMemory = { silence: NO_SILENCE, attempt: 0, isCancelSent: false, delivered };
  for (let step = 0; step < STEPS_MAX && drive.now() < until; step += 1) {
    const row = drive.store.job();
    if (row?.state !== phase || row.admitted_at === null) return;
    const isDone = phase === 'queued' ? await startRun(drive, row, memory.attempt, until) : await readPage(drive, row, memory);
    memory.attempt = isDone ? 0 : memory.attempt + 1;
    drive.changed();
  }
}
