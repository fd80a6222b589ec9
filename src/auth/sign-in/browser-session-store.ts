import { hasTable } from '../../sql.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS browser_session (hash TEXT PRIMARY KEY, label TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT`;

/** All SQL of the browser sessions of an account. */
export class BrowserSessionStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Adds a session and removes expired ones. */
  add(hash: string, label: string, expiresAt: number, now: number): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec('DELETE FROM browser_session WHERE expires_at <= ?', now);
    this.#sql.exec('INSERT INTO browser_session (hash, label, expires_at) VALUES (?, ?, ?)', hash, label, expiresAt);
  }

  /** The label of the signed-in person. Undefined for an expired or unknown session. */
  label(hash: string, now: number): string | undefined {
    if (!hasTable(this.#sql, 'browser_session')) return undefined;
    const query = 'SELECT label FROM browser_session WHERE hash = ? AND expires_at > ?';
    return this.#sql.exec<{ label: string }>(query, hash, now).toArray()[0]?.label;
  }

  remove(hash: string): void {
    if (hasTable(this.#sql, 'browser_session')) this.#sql.exec('DELETE FROM browser_session WHERE hash = ?', hash);
  }
}
