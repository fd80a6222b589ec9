import { DurableObject } from 'cloudflare:workers';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS person (
    method TEXT NOT NULL, subject TEXT NOT NULL, account TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, PRIMARY KEY (method, subject)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS attempt (address TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS attempt_at ON attempt (at);`;

/** Attempts at the passphrase are limited within this window. */
const ATTEMPT_WINDOW_MS = 900_000;
const MAX_ATTEMPTS_PER_ADDRESS = 10;
const MAX_ATTEMPTS = 200;

/** Maps people to accounts, and counts attempts at the passphrase. There is one object of this class. */
export class Directory extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(SCHEMA);
  }

  /** The account of a person, created at the first sign-in. Its id reveals nothing about the person. */
  account(method: string, subject: string): string {
    const created = crypto.randomUUID().replaceAll('-', '');
    const [row] = this.#sql
      .exec<{ account: string }>(
        `INSERT INTO person (method, subject, account, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (method, subject) DO UPDATE SET subject = excluded.subject RETURNING account`,
        ...[method, subject, created, Date.now()],
      )
      .toArray();
    return row?.account ?? created;
  }

  /** Counts an attempt before it is made, because parallel ones could exceed the limit. Returns how long to wait instead, in ms, or 0. */
  attempt(address: string): number {
    const now = Date.now();
    this.#sql.exec('DELETE FROM attempt WHERE at <= ?', now - ATTEMPT_WINDOW_MS);
    const attempts = this.#sql.exec<{ address: string; at: number }>('SELECT address, at FROM attempt ORDER BY at').toArray();
    const own = attempts.filter((attempt) => attempt.address === address);
    const [oldest] = own.length >= MAX_ATTEMPTS_PER_ADDRESS ? own : attempts.length >= MAX_ATTEMPTS ? attempts : [];
    if (oldest) return Math.max(1, oldest.at + ATTEMPT_WINDOW_MS - now);
    this.#sql.exec('INSERT INTO attempt (address, at) VALUES (?, ?)', address, now);
    return 0;
  }

  /** Removes the attempts of an address that gave the right passphrase. */
  clearAttempts(address: string): void {
    this.#sql.exec('DELETE FROM attempt WHERE address = ?', address);
  }
}
