const SCHEMA = `
  CREATE TABLE IF NOT EXISTS browser_session (hash TEXT PRIMARY KEY, label TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT`;

/** All SQL of the browsers in which a person is signed in to an account. */
export class BrowserSessionStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  #exists(): boolean {
    return this.#sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'browser_session'`).toArray().length === 1;
  }

  /** Adds a session and forgets those that are over. */
  add(hash: string, label: string, expiresAt: number, now: number): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec('DELETE FROM browser_session WHERE expires_at <= ?', now);
    this.#sql.exec('INSERT INTO browser_session (hash, label, expires_at) VALUES (?, ?, ?)', hash, label, expiresAt);
  }

  /** Who is signed in, as the person is shown; undefined where the session is over or never was. */
  label(hash: string, now: number): string | undefined {
    if (!this.#exists()) return undefined;
    const query = 'SELECT label FROM browser_session WHERE hash = ? AND expires_at > ?';
    return this.#sql.exec<{ label: string }>(query, hash, now).toArray()[0]?.label;
  }

  remove(hash: string): void {
    if (this.#exists()) this.#sql.exec('DELETE FROM browser_session WHERE hash = ?', hash);
  }
}
