import { z } from 'zod';
import type { Settlement } from '../../job/finalize.ts';
import { ACTIVE_STATES, STATES, type State, statesBefore } from '../../job/machine.ts';
import { addColumns } from '../../sql.ts';
import type { QueueEntry } from '../queue.ts';
import type { Used } from './counters.ts';
import { type ListFilter, selectionOf } from './job-filter.ts';
import { JobTexts } from './job-text.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, provider TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
    session TEXT, request_key TEXT NOT NULL, idempotency_key TEXT, label TEXT NOT NULL, correlation_id TEXT,
    created_at INTEGER NOT NULL, finished_at INTEGER, cost_usd REAL NOT NULL DEFAULT 0, total_tokens INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entry_state ON entry (state);
  CREATE INDEX IF NOT EXISTS entry_request ON entry (request_key);
  CREATE UNIQUE INDEX IF NOT EXISTS entry_idempotency ON entry (idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_finished ON entry (finished_at);
  CREATE INDEX IF NOT EXISTS entry_session ON entry (session);
  CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, provider TEXT NOT NULL, used_at INTEGER NOT NULL) STRICT;`;

/** Columns that accounts of earlier versions lack, by table. */
const LATER = {
  entry: {
    grant_id: "TEXT NOT NULL DEFAULT ''",
    tool: "TEXT NOT NULL DEFAULT ''",
    client: "TEXT NOT NULL DEFAULT ''",
    origin: "TEXT NOT NULL DEFAULT ''",
    started_at: 'INTEGER',
    title: 'TEXT',
    workspace: 'TEXT',
    // Jobs of earlier versions count as delivered, because nothing recorded it.
    delivered: 'INTEGER NOT NULL DEFAULT 1',
  },
  session: { workspace: 'TEXT', origin: 'TEXT' },
} as const;

const among = (states: readonly State[]) => `state IN (${states.map((state) => `'${state}'`).join(', ')})`;
const UNFINISHED = among(ACTIVE_STATES);

/** Jobs that one alarm removes from the index, because a long text takes 5 ms. The next alarm continues. */
export const MAX_REMOVED = 500;

const IS_UNUSED = 'NOT EXISTS (SELECT 1 FROM entry WHERE entry.session = session.id)';

/** Number of latest jobs whose average usage is expected of the next one. */
const AVERAGED = 20;

/** A job in its account's index. `place` orders jobs by arrival. What the columns' types do not hold is replaced, so that a list stays readable. */
const JobEntry = z.object({
  place: z.number(),
  id: z.string(),
  account: z.string(),
  provider: z.string(),
  state: z.enum(STATES).catch('failed'),
  reason: z.string().nullable(),
  session: z.string().nullable(),
  request_key: z.string(),
  idempotency_key: z.string().nullable(),
  label: z.string(),
  correlation_id: z.string().nullable(),
  created_at: z.number(),
  finished_at: z.number().nullable(),
  cost_usd: z.number().catch(0),
  total_tokens: z.number().catch(0),
  /** The requester, the tool and the origin of the request. */
  grant_id: z.string(),
  tool: z.string(),
  client: z.string(),
  origin: z.string(),
  started_at: z.number().nullable(),
  title: z.string().nullable(),
  workspace: z.string().nullable(),
});
export type JobEntry = z.infer<typeof JobEntry>;

/**
 * A session. Its workspace is '' if it has a directory of its own, and undefined if an earlier version did not store it. `origin` is the session
 * that it was copied from.
 */
interface Session {
  provider: string;
  workspace: string | undefined;
  origin?: string | undefined;
}

const Averages = z.object({ usd: z.number().nullable(), tokens: z.number().nullable(), seconds: z.number().nullable() });

/** All SQL of one account's index of jobs. */
export class JobIndex {
  readonly #sql: SqlStorage;
  readonly #texts: JobTexts;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#texts = new JobTexts(storage.sql);
    storage.transactionSync(() => this.#createTables());
  }

  #createTables(): void {
    this.#sql.exec(SCHEMA);
    for (const [table, columns] of Object.entries(LATER)) addColumns(this.#sql, table, columns);
    if (!this.#texts.create()) return;
    // Jobs of earlier versions are found by the beginning of their prompts, and by the workspaces of their sessions.
    const earlier = this.#sql.exec<{ place: number; label: string }>('SELECT place, label FROM entry').toArray();
    for (const { place, label } of earlier) this.#texts.add(place, { title: null, prompt: label });
    this.#sql.exec("UPDATE entry SET workspace = (SELECT NULLIF(workspace, '') FROM session WHERE session.id = entry.session)");
  }

  #entries(query: string, ...values: (string | number)[]): JobEntry[] {
    return this.#sql
      .exec(`SELECT * FROM entry ${query}`, ...values)
      .toArray()
      .map((row) => JobEntry.parse(row));
  }

  /** Adds an entry. `prompt` is what is searched of the prompt. */
  add(
    entry: Omit<JobEntry, 'place' | 'reason' | 'started_at' | 'finished_at' | 'cost_usd' | 'total_tokens'>,
    prompt: string,
  ): void {
    const columns = Object.keys(entry);
    const marks = columns.map(() => '?').join(', ');
    const query = `INSERT INTO entry (delivered, ${columns.join(', ')}) VALUES (0, ${marks}) RETURNING place`;
    const { place } = this.#sql.exec<{ place: number }>(query, ...Object.values(entry)).one();
    this.#texts.add(place, { title: entry.title, prompt });
  }

  /** Removes an entry, because its job was deleted or never created. */
  remove(id: string): void {
    this.#sql.exec('DELETE FROM entry WHERE id = ?', id);
  }

  find(id: string): JobEntry | undefined {
    return this.#entries('WHERE id = ?', id)[0];
  }

  byIdempotencyKey(key: string, since: number): JobEntry | undefined {
    this.#sql.exec('UPDATE entry SET idempotency_key = NULL WHERE idempotency_key = ? AND created_at < ?', key, since);
    return this.#entries('WHERE idempotency_key = ?', key)[0];
  }

  /** The newest unfinished job of an identical request or, if `includeCompleted`, completed one. */
  byRequestKey(key: string, includeCompleted: boolean): JobEntry | undefined {
    const states = includeCompleted ? `(${UNFINISHED} OR state = 'completed')` : UNFINISHED;
    return this.#entries(`WHERE request_key = ? AND ${states} ORDER BY place DESC LIMIT 1`, key)[0];
  }

  /**
   * The newest completed job of an identical request that ended after `since` and whose answer was not delivered. It counts as delivered from
   * now on, so that one caller receives it.
   */
  takeUndelivered(key: string, since: number): JobEntry | undefined {
    const [entry] = this.#entries(
      "WHERE request_key = ? AND state = 'completed' AND delivered = 0 AND finished_at > ? ORDER BY place DESC LIMIT 1",
      ...[key, since],
    );
    if (entry) this.deliver(entry.id, entry.grant_id);
    return entry;
  }

  /** Stores that a grant received the answer of a job that it requested. */
  deliver(id: string, grant: string): void {
    this.#sql.exec('UPDATE entry SET delivered = 1 WHERE id = ? AND grant_id = ?', id, grant);
  }

  /** Unfinished jobs, oldest first. */
  unfinished(): JobEntry[] {
    return this.#entries(`WHERE ${UNFINISHED} ORDER BY place`);
  }

  /** Jobs that run or wait for their turn, oldest first. */
  queue(): QueueEntry[] {
    return this.unfinished()
      .filter(({ state }) => state !== 'held')
      .map(({ id, provider, session, state }) => ({ id, provider, session, isRunning: state === 'running' }));
  }

  /** Number of unfinished jobs of a grant and tool. */
  countOf(grant: string, tool: string): number {
    const query = `SELECT COUNT(*) AS n FROM entry WHERE grant_id = ? AND tool = ? AND ${UNFINISHED}`;
    return this.#sql.exec<{ n: number }>(query, grant, tool).one().n;
  }

  /** What the latest jobs of a provider used on average, or null. */
  averageOf(provider: string): Used | null {
    const query = `SELECT AVG(cost_usd) AS usd, AVG(total_tokens) AS tokens, AVG(finished_at - started_at) / 1000 AS seconds FROM (
      SELECT * FROM entry WHERE provider = ? AND started_at IS NOT NULL AND finished_at IS NOT NULL ORDER BY place DESC LIMIT ${AVERAGED})`;
    const { usd, tokens, seconds } = Averages.parse(this.#sql.exec(query, provider).one());
    if (usd === null) return null;
    return { 'usage.costUsd': usd, 'usage.totalTokens': tokens ?? 0, runtimeSeconds: seconds ?? 0 };
  }

  /** held to queued. False if the job is in another state. */
  enqueue(id: string): boolean {
    return this.#move(id, 'queued');
  }

  /** queued to running. False if the job is in another state. */
  start(id: string): boolean {
    return this.#move(id, 'running');
  }

  #move(id: string, to: State): boolean {
    const query = `UPDATE entry SET state = ? WHERE id = ? AND ${among(statesBefore(to))} RETURNING id`;
    return this.#sql.exec(query, to, id).toArray().length === 1;
  }

  /** Ends an entry, from any unfinished state, because its slot must come free. False if it had ended before. */
  finish(id: string, settlement: Settlement): boolean {
    const { state, reason, startedAt, finishedAt, costUsd, totalTokens, sessionId, answer } = settlement;
    const query = `UPDATE entry SET state = ?, reason = ?, started_at = ?, finished_at = ?, cost_usd = ?, total_tokens = ?,
      session = COALESCE(?, session) WHERE id = ? AND ${UNFINISHED} RETURNING place`;
    const [finished] = this.#sql
      .exec<{ place: number }>(
        query,
        ...[state, reason, startedAt ?? null, finishedAt, costUsd, totalTokens, sessionId ?? null, id],
      )
      .toArray();
    if (finished && answer) this.#texts.setAnswer(finished.place, answer);
    return finished !== undefined;
  }

  /** Stores what a job has used so far. */
  setUse(id: string, { costUsd, totalTokens }: Pick<Settlement, 'costUsd' | 'totalTokens'>): void {
    this.#sql.exec('UPDATE entry SET cost_usd = ?, total_tokens = ? WHERE id = ?', costUsd, totalTokens, id);
  }

  list(filter: ListFilter): JobEntry[] {
    const [selection, values] = selectionOf(filter);
    return this.#entries(selection, ...values);
  }

  /** A session of the account, or undefined. */
  session(id: string): Session | undefined {
    const query = 'SELECT provider, workspace FROM session WHERE id = ?';
    const [row] = this.#sql.exec<{ provider: string; workspace: string | null }>(query, id).toArray();
    return row && { provider: row.provider, workspace: row.workspace ?? undefined };
  }

  /** Stores a session, or that it was used again. */
  useSession(id: string, { provider, workspace, origin }: Session, now: number): void {
    this.#sql.exec(
      `INSERT INTO session (id, provider, workspace, origin, used_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, workspace = COALESCE(workspace, excluded.workspace)`,
      ...[id, provider, workspace ?? null, origin ?? null, now],
    );
  }

  /** Number of jobs that belong to a session, or may: an unfinished one that continues the latest session of its workspace. */
  countOfSession(id: string, provider: string): number {
    const query = `SELECT COUNT(*) AS n FROM entry WHERE session = ? OR (session IS NULL AND provider = ? AND ${UNFINISHED})`;
    return this.#sql.exec<{ n: number }>(query, id, provider).one().n;
  }

  /** The grants that requested jobs of a session. */
  grantsOfSession(id: string): string[] {
    const query = 'SELECT DISTINCT grant_id FROM entry WHERE session = ?';
    return Array.from(this.#sql.exec<{ grant_id: string }>(query, id), (row) => row.grant_id);
  }

  /** Ids of the sessions that were copied from a session, or from a copy of it. */
  copiesOf(id: string): string[] {
    const query = `WITH RECURSIVE copy (id) AS (SELECT id FROM session WHERE origin = ?1
      UNION SELECT session.id FROM session JOIN copy ON session.origin = copy.id) SELECT id FROM copy`;
    return this.#sql
      .exec<{ id: string }>(query, id)
      .toArray()
      .map((row) => row.id);
  }

  /** Removes a session. Its copies count as copies of its origin from now on. */
  removeSession(id: string): void {
    this.#sql.exec('UPDATE session SET origin = (SELECT origin FROM session WHERE id = ?1) WHERE origin = ?1', id);
    this.#sql.exec('DELETE FROM session WHERE id = ?', id);
  }

  /** A queued job's place in the queue, from 1; undefined for any other job. */
  queuePlace(id: string): number | undefined {
    const waiting = this.queue().filter((job) => !job.isRunning);
    const place = waiting.findIndex((job) => job.id === id);
    return place < 0 ? undefined : place + 1;
  }

  /** Removes jobs that ended, oldest first and at most MAX_REMOVED, and sessions without jobs that were last used, before a time. */
  removeBefore(before: number): void {
    const oldest = 'SELECT place FROM entry WHERE finished_at < ? ORDER BY finished_at LIMIT ?';
    this.#sql.exec(`DELETE FROM entry WHERE place IN (${oldest})`, before, MAX_REMOVED);
    this.#sql.exec(`DELETE FROM session WHERE used_at < ? AND ${IS_UNUSED}`, before);
  }

  /** When the oldest finished job ended or the oldest session without jobs was used, or null. */
  oldest(): number | null {
    const query = `SELECT MIN(at) AS oldest FROM (SELECT MIN(finished_at) AS at FROM entry
      UNION ALL SELECT MIN(used_at) FROM session WHERE ${IS_UNUSED})`;
    return this.#sql.exec<{ oldest: number | null }>(query).one().oldest;
  }
}
