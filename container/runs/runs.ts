import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, Refusal } from '../errors.ts';
import type { Executor } from '../executor.ts';
import type { RunAnswer, RunRequest } from '../protocol.ts';
import { PRIVATE_DIRECTORY, removeTree, writeJsonFile } from '../state/files.ts';
import { type AdmittedRun, admitRun } from './admit.ts';
import { listQuarantine } from './quarantine.ts';
import { digestRequest, runPaths } from './record.ts';
import type { RecoveredRun } from './recover.ts';

/** How long the ids of acknowledged runs are kept, in ms, and how many of them. */
const ACKNOWLEDGED_MAX_MS = 86_400_000;
const ACKNOWLEDGED_MAX = 1_000;
/** How long an unread log is kept, in ms from the start of its run. */
const UNREAD_MAX_MS = 604_800_000;
/** How long an unread log is kept at least after the executor's start, in ms: while it was off, nobody could read. */
const UNREAD_AFTER_START_MS = 3_600_000;
/** Time for a run to write its exit event after its grace period at shutdown, in ms. */
const SHUTDOWN_WRITE_MS = 1_000;
/** Time for readers to acknowledge ended runs at shutdown, in ms, and the interval between checks. */
const SHUTDOWN_READ_MS = 1_000;
const SHUTDOWN_POLL_MS = 10;

const logLeftover = (id: string) => (error: unknown) => console.error(`Run ${id} could not be removed: ${messageOf(error)}`);

/** Replaces the digest of a run that was canceled before its request arrived. */
const CANCELED_BEFORE_START = 'canceled';

/** A known run. `run` is absent if an earlier executor started it; `spool` is absent once it is acknowledged. */
type KnownRun = RecoveredRun & Partial<Pick<AdmittedRun, 'run'>>;

/** All runs of an executor, by id. */
export interface Runs {
  executor: Executor;
  entries: Map<string, { digest: string; ready: Promise<KnownRun> }>;
  /** In ms since 1970. */
  startedAt: number;
  /** Aborts when waiting readers must be answered. */
  closing: AbortController;
}

/** Creates the table of runs, with those of an earlier executor. */
export function createRuns(executor: Executor, recovered: Map<string, RecoveredRun>): Runs {
  const entries: Runs['entries'] = new Map();
  for (const [id, entry] of recovered) entries.set(id, { digest: entry.record.digest, ready: Promise.resolve(entry) });
  return { executor, entries, startedAt: Date.now(), closing: new AbortController() };
}

/** Throws a refusal for a request that names another state directory, because its run may have started there. */
export function checkState({ executor }: Runs, wanted: string | null): void {
  if (wanted !== null && wanted !== executor.stateId)
    throw new Refusal('state_changed', 'The executor has another state directory than before, so earlier runs are unknown.');
}

/** Starts a run once. The same request again returns that run; another request with the same id is refused. */
export async function putRun(runs: Runs, id: string, request: RunRequest): Promise<{ isNew: boolean; sessionId: string }> {
  const digest = digestRequest(request);
  const known = runs.entries.get(id);
  if (known?.digest === CANCELED_BEFORE_START)
    throw new Refusal('run_conflict', `Run ${id} was canceled before it started. Use another id.`);
  if (known === undefined && runs.executor.quarantined.has(id)) throw quarantined('run_conflict', id);
  if (known !== undefined && known.digest !== digest)
    throw new Refusal('run_conflict', `Run ${id} was started with another request. Use another id.`);
  if (known !== undefined) return { isNew: false, sessionId: (await known.ready).record.sessionId };
  const ready = admitRun(runs.executor, id, request, digest);
  runs.entries.set(id, { digest, ready });
  try {
    const { record, run } = await ready;
    run.ended.then(() => pruneRuns(runs)).catch((error) => console.error(`Run ${id}: ${messageOf(error)}`));
    return { isNew: true, sessionId: record.sessionId };
  } catch (error) {
    runs.entries.delete(id);
    throw error;
  }
}

/** Selects events after a cursor. The cursor acknowledges all events up to it. */
export interface EventQuery {
  after: number;
  waitMs: number;
  limit: number;
}

/** Reads a page of events, one per line. Empty if no event arrived in time, or if the whole run is acknowledged. */
export async function readRunEvents(runs: Runs, id: string, query: EventQuery, disconnected: AbortSignal): Promise<Buffer> {
  const entry = await findEntry(runs, id);
  const { after } = query;
  if (entry.spool === undefined) return checkAcknowledged(entry, after);
  entry.spool.checkCursor(after);
  if (entry.spool.isEnded() && after === entry.spool.last()) {
    await acknowledgeRun(runs, id, entry, after);
    return Buffer.alloc(0);
  }
  await entry.spool.acknowledge(after);
  const timeout = AbortSignal.timeout(query.waitMs);
  if (query.waitMs > 0) await entry.spool.wait(after, AbortSignal.any([timeout, disconnected, runs.closing.signal]));
  return entry.spool.page(after, query.limit);
}

/** Answers a run's permission request. Returns the answer that counts: the first one. */
export async function answerRun(runs: Runs, id: string, answer: RunAnswer): Promise<boolean> {
  const { run } = await findEntry(runs, id);
  if (run === undefined) throw new Refusal('run_not_found', `Run ${id} has ended and takes no more answers.`);
  return run.answer(answer);
}

/** Stops a run and returns whether it had already ended. An unknown run is refused from now on, as its request may still arrive. */
export async function cancelRun(runs: Runs, id: string): Promise<boolean> {
  const known = runs.entries.get(id);
  if (known === undefined) return rejectRun(runs, id);
  const entry = await known.ready.catch(() => undefined);
  if (entry === undefined) return cancelRun(runs, id);
  entry.run?.stop('cancel');
  return entry.spool?.isEnded() ?? true;
}

/** Stops all runs, gives readers time to read their ends, and then answers all waiting readers. */
export async function shutDownRuns(runs: Runs): Promise<void> {
  runs.executor.isShuttingDown = true;
  const entries = await Promise.allSettled([...runs.entries.values()].map(({ ready }) => ready));
  const known = entries.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : []));
  const running = known.flatMap(({ run }) => run ?? []);
  for (const run of running) run.stop('shutdown');
  const longestMs = Math.max(0, ...running.map(({ graceMs }) => graceMs)) + SHUTDOWN_WRITE_MS;
  await Promise.race([Promise.allSettled(running.map(({ ended }) => ended)), delay(longestMs, undefined, { ref: false })]);
  await readToEnd(known);
  runs.closing.abort();
}

/** Waits until all runs are acknowledged, because the disk may be lost with the executor. */
async function readToEnd(entries: KnownRun[]): Promise<void> {
  const until = Date.now() + SHUTDOWN_READ_MS;
  while (Date.now() < until && entries.some(({ spool }) => spool !== undefined)) await delay(SHUTDOWN_POLL_MS);
}

/** Removes runs that were acknowledged, left unread or quarantined long ago. */
export async function pruneRuns(runs: Runs): Promise<void> {
  const now = runs.executor.now();
  runs.executor.quarantined = await listQuarantine(runs.executor.config.stateDirectory, UNREAD_MAX_MS, now);
  const known = await Promise.all(
    [...runs.entries].map(async ([id, { ready }]) => ({ id, entry: await ready.catch(() => undefined) })),
  );
  const acknowledged = known
    .flatMap(({ id, entry }) => (entry?.record.acknowledged ? [{ id, at: entry.record.acknowledged.at }] : []))
    .sort((a, b) => b.at - a.at);
  const late = acknowledged.filter(({ at }, index) => index >= ACKNOWLEDGED_MAX || now - at > ACKNOWLEDGED_MAX_MS);
  const isReadable = now - runs.startedAt > UNREAD_AFTER_START_MS;
  const unread = known.filter(
    ({ entry }) => isReadable && entry?.spool?.isEnded() && now - entry.record.createdAt > UNREAD_MAX_MS,
  );
  for (const { id } of [...late, ...unread]) {
    runs.entries.delete(id);
    await removeTree(runPaths(runs.executor.config.stateDirectory, id).directory).catch(logLeftover(id));
  }
}

/** Records an unknown run as canceled, so that it never starts here. */
async function rejectRun(runs: Runs, id: string): Promise<true> {
  const paths = runPaths(runs.executor.config.stateDirectory, id);
  const now = runs.executor.now();
  const digest = CANCELED_BEFORE_START;
  const record = { digest, sessionId: '', processTag: '', createdAt: now, acknowledged: { last: 0, at: now } };
  runs.entries.set(id, { digest, ready: Promise.resolve({ record }) });
  await mkdir(paths.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  await writeJsonFile(paths.record, record);
  return true;
}

const quarantined = (code: 'run_conflict' | 'run_not_found', id: string) =>
  new Refusal(code, `The files of run ${id} are damaged, so the executor moved them to its quarantine. Its log says why.`);

async function findEntry(runs: Runs, id: string): Promise<KnownRun> {
  const known = runs.entries.get(id);
  const entry = await known?.ready.catch(() => undefined);
  if (entry === undefined && runs.executor.quarantined.has(id)) throw quarantined('run_not_found', id);
  if (entry === undefined || known?.digest === CANCELED_BEFORE_START) throw new Refusal('run_not_found', `Unknown run ${id}.`);
  return entry;
}

function checkAcknowledged({ record }: KnownRun, after: number): Buffer {
  const last = record.acknowledged?.last ?? 0;
  if (after > last) throw new Refusal('bad_request', `Cursor ${after} is beyond the last event (${last}).`);
  if (after < last) throw new Refusal('events_gone', `Events up to ${last} were acknowledged and removed (cursor ${after}).`);
  return Buffer.alloc(0);
}

async function acknowledgeRun(runs: Runs, id: string, entry: KnownRun, last: number): Promise<void> {
  const paths = runPaths(runs.executor.config.stateDirectory, id);
  entry.record = { ...entry.record, acknowledged: { last, at: runs.executor.now() } };
  entry.spool = undefined;
  // First, because on a full disk it makes the room for the record.
  await removeTree(paths.spool).catch(logLeftover(id));
  await writeJsonFile(paths.record, entry.record);
}
