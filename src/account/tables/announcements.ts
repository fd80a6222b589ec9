import { z } from 'zod';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS announcement (approval TEXT PRIMARY KEY, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL) STRICT';

const Announcement = z.object({ approval: z.string(), attempts: z.number() });
type Announcement = z.infer<typeof Announcement>;

/** Approvals that are still to be announced to the webhook. */
export class Announcements {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  add(approval: string, now: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO announcement (approval, attempts, next_at) VALUES (?, 0, ?)', approval, now);
  }

  /** When the next one is due, or null. */
  nextAt(): number | null {
    return this.#sql.exec<{ at: number | null }>('SELECT MIN(next_at) AS at FROM announcement').one().at;
  }

  due(now: number): Announcement[] {
    const rows = this.#sql.exec('SELECT approval, attempts FROM announcement WHERE next_at <= ?', now).toArray();
    return rows.map((row) => Announcement.parse(row));
  }

  /** Counts an attempt and sets when the next one is due. */
  postpone(approval: string, nextAt: number): void {
    this.#sql.exec('UPDATE announcement SET attempts = attempts + 1, next_at = ? WHERE approval = ?', nextAt, approval);
  }

  remove(approval: string): void {
    this.#sql.exec('DELETE FROM announcement WHERE approval = ?', approval);
  }
}
