import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, Refusal } from '../errors.ts';
import type { Executor } from '../executor.ts';
import type { RunAnswer, RunRequest } from '../protocol.ts';
import { PRIVATE_DIRECTORY, writeJson } from '../state/files.ts';
import { type Admitted, admit } from './admit.ts';
import { digestOf, runPaths } from './record.ts';
import type { Recovered } from './recover.ts';

/** How long an acknowledged run's id is remembered, in ms, and how many are. */
const ACKNOWLEDGED_MAX_MS = 86_400_000;
const ACKNOWLEDGED_MAX = 1_000;
/** How long the log of a run that nobody reads is kept, in ms from its start. */
const UNREAD_MAX_MS = 604_800_000;
/** How long a run may take to write its end after its grace, in ms, when the executor shuts down. */
const SHUTDOWN_SPARE_MS = 1_000;
/** How long ended runs may then take to be read and acknowledged, in ms, and how often that is looked at. */
const SHUTDOWN_READ_MS = 1_000;
const SHUTDOWN_ROUND_MS = 10;

/** Stands for the digest of a run that was canceled before its request came. */
const BARRED = 'canceled';

/** A known run: being admitted, going on, ended, or acknowledged. */
type Entry = Recovered & Partial<Pick<Admitted, 'run'>>;

/** All runs of an executor, by id. */
export interface Runs {
  executor: Executor;
  entries: Map<string, { digest: string; ready: Promise<Entry> }>;
  /** Aborts when waiting readers are to be answered. */
  closing: AbortController;
}

/** Runs left by an earlier executor come first. */
export function createRuns(executor: Executor, recovered: Map<string, Recovered>): Runs {
  const entries: Runs['entries'] = new Map();
  for (const [id, entry] of recovered) entries.set(id, { digest: entry.record.digest, ready: Promise.resolve(entry) });
  return { executor, entries, closing: new AbortController() };
}

/** Refuses a request that was meant for another state directory: a run that it asks for may have been started there. */
export function checkState({ executor }: Runs, wanted: string | null): void {
  if (wanted !== null && wanted !== executor.stateId)
    throw new Refusal(
      'state_changed',
      'The executor lost its state directory since it was asked: what was run before is unknown.',
    );
}

/** Starts a run once; the same request again finds it, another one under its id is refused. */
export async function putRun(runs: Runs, id: string, request: RunRequest): Promise<{ isNew: boolean; sessionId: string }> {
  const digest = digestOf(request);
  const known = runs.entries.get(id);
  if (known?.digest === BARRED) throw new Refusal('run_conflict', `Run ${id} was canceled before it came: take another id.`);
  if (known !== undefined && known.digest !== digest)
    throw new Refusal('run_conflict', `Run ${id} was started with another request: take another id.`);
  if (known !== undefined) return { isNew: false, sessionId: (await known.ready).record.sessionId };
  const ready = admit(runs.executor, id, request, digest);
  runs.entries.set(id, { digest, ready });
  try {
    const { record, run } = await ready;
    run.over.then(() => pruneRuns(runs, Date.now())).catch((error) => console.error(`Run ${id}: ${messageOf(error)}`));
    return { isNew: true, sessionId: record.sessionId };
  } catch (error) {
    runs.entries.delete(id);
    throw error;
  }
}

/** What a reader asks for: events after a cursor, which acknowledges all up to it. */
export interface EventQuery {
  after: number;
  waitMs: number;
  limit: number;
}

/** A page of events, one per line; empty when none came in time, or when the run was acknowledged to its end. */
export async function readEvents(runs: Runs, id: string, query: EventQuery, gone: AbortSignal): Promise<Buffer> {
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
  if (query.waitMs > 0) await entry.spool.wait(after, AbortSignal.any([timeout, gone, runs.closing.signal]));
  return entry.spool.page(after, query.limit);
}

/** Answers what a run asks, and tells which answer counts: the first one. */
export async function answerRun(runs: Runs, id: string, answer: RunAnswer): Promise<boolean> {
  const { run } = await findEntry(runs, id);
  if (run === undefined)
    throw new Refusal('run_not_found', `Run ${id} ended with an earlier executor: nothing waits for this answer.`);
  return run.answer(answer);
}

/** Asks a run to end; true when it was over already. An unknown run is refused from then on, should its request be late. */
export async function cancelRun(runs: Runs, id: string): Promise<boolean> {
  const known = runs.entries.get(id);
  if (known === undefined) return barRun(runs, id);
  const entry = await known.ready.catch(() => undefined);
  if (entry === undefined) return cancelRun(runs, id);
  entry.run?.stop('cancel');
  return entry.spool?.isEnded() ?? true;
}

/** Ends all runs, gives their readers time to read the ends, then lets waiting readers go. */
export async function shutDownRuns(runs: Runs): Promise<void> {
  runs.executor.isShuttingDown = true;
  const entries = await Promise.allSettled([...runs.entries.values()].map(({ ready }) => ready));
  const known = entries.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : []));
  const going = known.flatMap(({ run }) => run ?? []);
  for (const run of going) run.stop('shutdown');
  const longestMs = Math.max(0, ...going.map(({ graceMs }) => graceMs)) + SHUTDOWN_SPARE_MS;
  await Promise.race([Promise.allSettled(going.map(({ over }) => over)), delay(longestMs, undefined, { ref: false })]);
  await readToEnd(known);
  runs.closing.abort();
}

/** The disk may go with the executor: what is not read by now is lost then. */
async function readToEnd(entries: Entry[]): Promise<void> {
  const until = Date.now() + SHUTDOWN_READ_MS;
  while (Date.now() < until && entries.some(({ spool }) => spool !== undefined)) await delay(SHUTDOWN_ROUND_MS);
}

/** Forgets runs that were acknowledged or abandoned long ago. */
export async function pruneRuns(runs: Runs, now: number): Promise<void> {
  const known = await Promise.all(
    [...runs.entries].map(async ([id, { ready }]) => ({ id, entry: await ready.catch(() => undefined) })),
  );
  const acknowledged = known
    .flatMap(({ id, entry }) => (entry?.record.acknowledged ? [{ id, at: entry.record.acknowledged.at }] : []))
    .sort((a, b) => b.at - a.at);
  const late = acknowledged.filter(({ at }, index) => index >= ACKNOWLEDGED_MAX || now - at > ACKNOWLEDGED_MAX_MS);
  const unread = known.filter(({ entry }) => entry?.spool?.isEnded() && now - entry.record.createdAt > UNREAD_MAX_MS);
  for (const { id } of [...late, ...unread]) {
    runs.entries.delete(id);
    await rm(runPaths(runs.executor.config.stateDirectory, id).directory, { recursive: true, force: true });
  }
}

/** Remembers an unknown run, so that it is never started here. */
async function barRun(runs: Runs, id: string): Promise<true> {
  const paths = runPaths(runs.executor.config.stateDirectory, id);
  const now = Date.now();
  const record = { digest: BARRED, sessionId: '', mark: '', createdAt: now, acknowledged: { last: 0, at: now } };
  runs.entries.set(id, { digest: BARRED, ready: Promise.resolve({ record }) });
  await mkdir(paths.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  await writeJson(paths.record, record);
  return true;
}

async function findEntry(runs: Runs, id: string): Promise<Entry> {
  const known = runs.entries.get(id);
  const entry = await known?.ready.catch(() => undefined);
  if (entry === undefined || known?.digest === BARRED) throw new Refusal('run_not_found', `There is no run ${id}.`);
  return entry;
}

function checkAcknowledged({ record }: Entry, after: number): Buffer {
  const last = record.acknowledged?.last ?? 0;
  if (after > last) throw new Refusal('bad_request', `The cursor ${after} is beyond the last event, ${last}.`);
  if (after < last)
    throw new Refusal('events_gone', `Events up to ${last} were acknowledged and removed; the cursor is ${after}.`);
  return Buffer.alloc(0);
}

async function acknowledgeRun(runs: Runs, id: string, entry: Entry, last: number): Promise<void> {
  const paths = runPaths(runs.executor.config.stateDirectory, id);
  entry.record = { ...entry.record, acknowledged: { last, at: Date.now() } };
  entry.spool = undefined;
  await writeJson(paths.record, entry.record);
  await rm(paths.spool, { recursive: true, force: true });
}
