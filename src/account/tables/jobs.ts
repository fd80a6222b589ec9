import { z } from 'zod';
import type { Settlement } from '../../job/chores.ts';
import { ACTIVE_STATES, STATES } from '../../job/machine.ts';
import { addColumns } from '../../sql.ts';
import type { Average } from '../estimate.ts';
import type { Standing } from '../queue.ts';

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
  CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, provider TEXT NOT NULL, used_at INTEGER NOT NULL) STRICT;`;

/** Columns that accounts of earlier versions lack, by their table. */
const LATER = {
  entry: {
    grant_id: "TEXT NOT NULL DEFAULT ''",
    tool: "TEXT NOT NULL DEFAULT ''",
    client: "TEXT NOT NULL DEFAULT ''",
    origin: "TEXT NOT NULL DEFAULT ''",
    started_at: 'INTEGER',
  },
  session: { workspace: 'TEXT' },
} as const;

const UNFINISHED = `state IN (${ACTIVE_STATES.map((state) => `'${state}'`).join(', ')})`;

/** Jobs whose average is what the next one is expected to use. */
const AVERAGED = 20;

/** A job in its account's index. `place` orders jobs by arrival. */
const Entry = z.object({
  place: z.number(),
  id: z.string(),
  account: z.string(),
  provider: z.string(),
  state: z.enum(STATES),
  reason: z.string().nullable(),
  session: z.string().nullable(),
  request_key: z.string(),
  idempotency_key: z.string().nullable(),
  label: z.string(),
  correlation_id: z.string().nullable(),
  created_at: z.number(),
  finished_at: z.number().nullable(),
  cost_usd: z.number(),
  total_tokens: z.number(),
  /** Who asked for it, by which tool, from where. */
  grant_id: z.string(),
  tool: z.string(),
  client: z.string(),
  origin: z.string(),
  started_at: z.number().nullable(),
});
export type Entry = z.infer<typeof Entry>;

/** A conversation. Its workspace is '' where it works in a directory of its own, undefined where an earlier version did not keep it. */
interface Session {
  provider: string;
  workspace: string | undefined;
}

const Averages = z.object({ usd: z.number().nullable(), tokens: z.number().nullable(), seconds: z.number().nullable() });

/** Which jobs a list shows. `before` is the place of the last one already shown. */
export interface ListFilter {
  state?: Entry['state'];
  provider?: string;
  before?: number;
  limit: number;
}

/** All SQL of one account's index of jobs. */
export class AccountStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    for (const [table, columns] of Object.entries(LATER)) addColumns(this.#sql, table, columns);
  }

  #entries(query: string, ...values: (string | number)[]): Entry[] {
    return this.#sql
      .exec(`SELECT * FROM entry ${query}`, ...values)
      .toArray()
      .map((row) => Entry.parse(row));
  }

  add(entry: Omit<Entry, 'place' | 'reason' | 'started_at' | 'finished_at' | 'cost_usd' | 'total_tokens'>): void {
    const columns = Object.keys(entry);
    const marks = columns.map(() => '?').join(', ');
    this.#sql.exec(`INSERT INTO entry (${columns.join(', ')}) VALUES (${marks})`, ...Object.values(entry));
  }

  /** Takes back an entry whose job never came to be. */
  remove(id: string): void {
    this.#sql.exec('DELETE FROM entry WHERE id = ?', id);
  }

  find(id: string): Entry | undefined {
    return this.#entries('WHERE id = ?', id)[0];
  }

  byIdempotencyKey(key: string, since: number): Entry | undefined {
    this.#sql.exec('UPDATE entry SET idempotency_key = NULL WHERE idempotency_key = ? AND created_at < ?', key, since);
    return this.#entries('WHERE idempotency_key = ?', key)[0];
  }

  /** The newest job of an identical request that is not over, or, if asked, that was completed. */
  byRequestKey(key: string, completed: boolean): Entry | undefined {
    const states = completed ? `(${UNFINISHED} OR state = 'completed')` : UNFINISHED;
    return this.#entries(`WHERE request_key = ? AND ${states} ORDER BY place DESC LIMIT 1`, key)[0];
  }

  /** Jobs that are not over, oldest first. */
  unfinished(): Entry[] {
    return this.#entries(`WHERE ${UNFINISHED} ORDER BY place`);
  }

  /** Those that have or want a turn. */
  standings(): Standing[] {
    return this.unfinished()
      .filter(({ state }) => state !== 'held')
      .map(({ id, provider, session, state }) => ({ id, provider, session, running: state === 'running' }));
  }

  /** Jobs of a grant and tool that are not over. */
  countOf(grant: string, tool: string): number {
    const query = `SELECT COUNT(*) AS n FROM entry WHERE grant_id = ? AND tool = ? AND ${UNFINISHED}`;
    return this.#sql.exec<{ n: number }>(query, grant, tool).one().n;
  }

  /** What the latest jobs of a provider used on average; null where none was run. */
  averageOf(provider: string): Average {
    const query = `SELECT AVG(cost_usd) AS usd, AVG(total_tokens) AS tokens, AVG(finished_at - started_at) / 1000 AS seconds FROM (
      SELECT * FROM entry WHERE provider = ? AND started_at IS NOT NULL AND finished_at IS NOT NULL ORDER BY place DESC LIMIT ${AVERAGED})`;
    const { usd, tokens, seconds } = Averages.parse(this.#sql.exec(query, provider).one());
    if (usd === null) return null;
    return { 'usage.costUsd': usd, 'usage.totalTokens': tokens ?? 0, runtimeSeconds: seconds ?? 0 };
  }

  /** Lets a held job wait for its turn. False where it is not held. */
  unhold(id: string): boolean {
    return (
      this.#sql.exec(`UPDATE entry SET state = 'queued' WHERE id = ? AND state = 'held' RETURNING id`, id).toArray().length === 1
    );
  }

  /** Gives a queued job its slot. False where it has one or is over. */
  take(id: string): boolean {
    return (
      this.#sql.exec(`UPDATE entry SET state = 'running' WHERE id = ? AND state = 'queued' RETURNING id`, id).toArray().length ===
      1
    );
  }

  /** Ends an entry and so gives its slot back. False where that had happened before. */
  release(id: string, { state, reason, startedAt, finishedAt, costUsd, totalTokens }: Settlement): boolean {
    const released = this.#sql.exec(
      `UPDATE entry SET state = ?, reason = ?, started_at = ?, finished_at = ?, cost_usd = ?, total_tokens = ? WHERE id = ? AND ${UNFINISHED} RETURNING id`,
      ...[state, reason, startedAt ?? null, finishedAt, costUsd, totalTokens, id],
    );
    return released.toArray().length === 1;
  }

  list({ state, provider, before, limit }: ListFilter): Entry[] {
    return this.#entries(
      'WHERE (? = 1 OR state = ?) AND (? = 1 OR provider = ?) AND (? = 1 OR place < ?) ORDER BY place DESC LIMIT ?',
      ...[state ? 0 : 1, state ?? '', provider ? 0 : 1, provider ?? '', before ? 0 : 1, before ?? 0, limit],
    );
  }

  /** What is known of a conversation; undefined where the account has none of this id. */
  session(id: string): Session | undefined {
    const query = 'SELECT provider, workspace FROM session WHERE id = ?';
    const [row] = this.#sql.exec<{ provider: string; workspace: string | null }>(query, id).toArray();
    return row && { provider: row.provider, workspace: row.workspace ?? undefined };
  }

  /** Remembers a conversation, or that it was used again. */
  useSession(id: string, { provider, workspace }: Session, now: number): void {
    this.#sql.exec(
      `INSERT INTO session (id, provider, workspace, used_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, workspace = COALESCE(workspace, excluded.workspace)`,
      ...[id, provider, workspace ?? null, now],
    );
  }

  /** How many jobs wait before this one, plus one; undefined where it does not wait. */
  queuePlace(id: string): number | undefined {
    const waiting = this.standings().filter((job) => !job.running);
    const place = waiting.findIndex((job) => job.id === id);
    return place < 0 ? undefined : place + 1;
  }

  /** Forgets jobs that ended, and conversations that were last used, before a time. */
  forget(before: number): void {
    this.#sql.exec('DELETE FROM session WHERE used_at < ?', before);
    this.#sql.exec('DELETE FROM entry WHERE finished_at < ?', before);
  }

  /** When the next finished job is to be forgotten counts from this; null where none is finished. */
  oldestEnd(): number | null {
    const [row] = this.#sql.exec<{ oldest: number | null }>('SELECT MIN(finished_at) AS oldest FROM entry').toArray();
    return row?.oldest ?? null;
  }
}
