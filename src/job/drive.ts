import { type Event, type ExecutorError, PROTOCOL_VERSION, type RunRequest } from '../../container/protocol.ts';
import type { ExecutorClient, Reply } from '../runner/executor-client.ts';
import { type Passed, type PutQuestion, passOn } from './ask.ts';
import { GapError, ingest } from './ingest.ts';
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
  /** Puts a step that the run asks about to a person. */
  put: PutQuestion;
  /** Called after every change that a waiting caller would see. */
  changed: () => void;
}

/** Pause before an executor is asked again that was full or could not be reached, by attempt, in ms. */
const BACKOFF_MS = [100, 250, 500, 1_000] as const;
const backoff = (attempt: number) => BACKOFF_MS[attempt] ?? 1_000;

/** Longest wait of one look for events, in ms: a connection that died silently is found out before executorLostMs. */
const WAIT_MS = 5_000;
/** Steps of one drive: an invocation has a limited number of subrequests. */
const STEPS_MAX = 400;

/** Refusals that pass: the job keeps its place. */
const PASSING = new Set(['at_capacity', 'disk_full', 'shutting_down', 'session_busy', 'state_changed', 'internal']);

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

/** Tells who waits what the job waits for. */
function noteWait({ store }: Drive, { progress }: JobRow, why: string): void {
  const activity = `waiting for an executor: ${why.replace(/\.$/, '')}`;
  if (progress.activity !== activity) store.note({ activity });
}

/** The executor's state that is asked for the run; null from an executor that does not say, undefined while none can be reached. */
async function stateToAsk(drive: Drive, row: JobRow): Promise<string | null | undefined> {
  const { store, executor } = drive;
  if (row.asked_state !== null) return row.asked_state;
  const health = await executor.wake();
  if (health.kind !== 'ok') {
    noteWait(drive, row, health.kind === 'refused' ? health.error.message : 'It cannot be reached.');
    return undefined;
  }
  const state = health.value.state ?? null;
  store.ask(state);
  return state;
}

/** An earlier request was not answered, and who got it is gone: it may have run, so it is not sent again. */
function loseStart({ store, now }: Drive): void {
  store.start(now());
  store.finish(orphaned('executor_lost', 'The executor was lost while it was asked for the run.'), now());
}

/** What a refusal to start means: a job that can never run fails, any other one asks again. */
function startRefused(drive: Drive, row: JobRow, { code, message }: ExecutorError): void {
  const { store, now } = drive;
  store.ask(null);
  if (code === 'state_changed' && row.asked_state !== null) loseStart(drive);
  else if (!PASSING.has(code)) store.finish(refused(code, message), now());
  else noteWait(drive, row, message);
}

/** Asks the executor for a run. A job that was canceled meanwhile leaves none behind. */
async function start(drive: Drive, row: JobRow, attempt: number): Promise<boolean> {
  const { store, executor, now } = drive;
  const state = await stateToAsk(drive, row);
  const reply = state === undefined ? null : await executor.start(row.spec.id, runRequest(drive, row), state);
  if (reply?.kind === 'ok') {
    if (!store.start(now())) await executor.cancel(row.spec.id);
    return true;
  }
  if (reply?.kind === 'refused') startRefused(drive, row, reply.error);
  if (store.job()?.state === 'queued') await drive.sleep(backoff(attempt));
  return false;
}

/** Whether the run is lost for good, given an answer that was no page. */
function lost(drive: Drive, reply: Exclude<Reply<unknown>, { kind: 'ok' }>, silentMs: number): Ending | null {
  if (reply.kind === 'refused' && ['run_not_found', 'events_gone'].includes(reply.error.code))
    return orphaned('executor_lost', `The executor no longer knows the run. ${reply.error.message}`);
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
  passed: Passed;
}

/** Stores a page; a log with a gap cannot be followed, however often it is read. */
function keep({ store, now }: Drive, page: Event[]): void {
  try {
    ingest(store, page, now());
  } catch (error) {
    if (!(error instanceof GapError)) throw error;
    store.finish(orphaned('executor_lost', `The executor's log of the run has a gap: ${error.message}.`), now());
  }
}

/** Reads one page of events, after passing on a cancel. */
async function follow(drive: Drive, row: JobRow, memory: Memory): Promise<boolean> {
  const { store, executor, now } = drive;
  if ((row.cancel_requested_at !== null || row.progress.budgetUsd !== undefined) && !memory.cancelSent) {
    memory.cancelSent = (await executor.cancel(row.spec.id)).kind === 'ok';
  }
  await passOn(row, executor, drive.put, memory.passed);
  const reply = await executor.events(row.spec.id, row.cursor, memory.attempt > 0 ? 0 : WAIT_MS);
  if (reply.kind === 'ok') {
    memory.heardAt = now();
    keep(drive, reply.value);
    // Whoever is told of a question that came finds it where it is decided.
    const after = store.job();
    if (after?.state === 'running') await passOn(after, executor, drive.put, memory.passed);
    return true;
  }
  const ending = lost(drive, reply, now() - memory.heardAt);
  if (ending) store.finish(ending, now());
  else await drive.sleep(backoff(memory.attempt));
  return false;
}

/**
 * Moves a job through one phase until that is over, `until` has passed or an invocation has done its share: has its run started, or stores what the run
 * writes. Several drives of one job at once are harmless: the executor starts a run once, the store takes each event once.
 */
export async function driveJob(drive: Drive, until: number, phase: 'queued' | 'running'): Promise<void> {
  const passed = { asked: new Set<string>(), answered: new Set<string>() };
  const memory: Memory = { heardAt: drive.now(), attempt: 0, cancelSent: false, passed };
  for (let step = 0; step < STEPS_MAX && drive.now() < until; step += 1) {
    const row = drive.store.job();
    if (row?.state !== phase || row.admitted_at === null) return;
    const went = phase === 'queued' ? await start(drive, row, memory.attempt) : await follow(drive, row, memory);
    memory.attempt = went ? 0 : memory.attempt + 1;
    drive.changed();
  }
}
