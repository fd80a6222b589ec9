import { z } from 'zod';
import type { Settlement } from '../job/chores.ts';
import { STATES } from '../job/machine.ts';
import type { Standing } from './admission.ts';

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

const UNFINISHED = `state IN ('queued', 'running')`;

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
});
export type Entry = z.infer<typeof Entry>;

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
  }

  #entries(query: string, ...values: (string | number)[]): Entry[] {
    return this.#sql
      .exec(`SELECT * FROM entry ${query}`, ...values)
      .toArray()
      .map((row) => Entry.parse(row));
  }

  add(entry: Omit<Entry, 'place' | 'reason' | 'finished_at' | 'cost_usd' | 'total_tokens'>): void {
    this.#sql.exec(
      `INSERT INTO entry (id, account, provider, state, session, request_key, idempotency_key, label, correlation_id, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[entry.id, entry.account, entry.provider, entry.state, entry.session, entry.request_key, entry.idempotency_key],
      ...[entry.label, entry.correlation_id, entry.created_at],
    );
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
    const states = completed ? `state IN ('queued', 'running', 'completed')` : UNFINISHED;
    return this.#entries(`WHERE request_key = ? AND ${states} ORDER BY place DESC LIMIT 1`, key)[0];
  }

  /** Jobs that are not over, oldest first. */
  unfinished(): Entry[] {
    return this.#entries(`WHERE ${UNFINISHED} ORDER BY place`);
  }

  standings(): Standing[] {
    return this.unfinished().map(({ id, provider, session, state }) => ({ id, provider, session, running: state === 'running' }));
  }

  /** Gives a queued job its slot. False where it has one or is over. */
  take(id: string): boolean {
    return (
      this.#sql.exec(`UPDATE entry SET state = 'running' WHERE id = ? AND state = 'queued' RETURNING id`, id).toArray().length ===
      1
    );
  }

  /** Ends an entry and so gives its slot back. False where that had happened before. */
  release(id: string, { state, reason, finishedAt, costUsd, totalTokens }: Settlement): boolean {
    const released = this.#sql.exec(
      `UPDATE entry SET state = ?, reason = ?, finished_at = ?, cost_usd = ?, total_tokens = ? WHERE id = ? AND ${UNFINISHED} RETURNING id`,
      ...[state, reason, finishedAt, costUsd, totalTokens, id],
    );
    return released.toArray().length === 1;
  }

  list({ state, provider, before, limit }: ListFilter): Entry[] {
    return this.#entries(
      'WHERE (? = 1 OR state = ?) AND (? = 1 OR provider = ?) AND (? = 1 OR place < ?) ORDER BY place DESC LIMIT ?',
      ...[state ? 0 : 1, state ?? '', provider ? 0 : 1, provider ?? '', before ? 0 : 1, before ?? 0, limit],
    );
  }

  /** The provider of a conversation; undefined where the account has none of this id. */
  sessionProvider(id: string): string | undefined {
    const [row] = this.#sql.exec<{ provider: string }>('SELECT provider FROM session WHERE id = ?', id).toArray();
    return row?.provider;
  }

  /** Remembers a conversation, or that it was used again. */
  useSession(id: string, provider: string, now: number): void {
    this.#sql.exec(
      'INSERT INTO session (id, provider, used_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at',
      ...[id, provider, now],
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
