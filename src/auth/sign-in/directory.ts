import { DurableObject } from 'cloudflare:workers';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS person (
    method TEXT NOT NULL, subject TEXT NOT NULL, account TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, PRIMARY KEY (method, subject)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS attempt (address TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS attempt_at ON attempt (at);`;

/** Attempts at the passphrase are counted over this, in ms. */
const WINDOW_MS = 900_000;
const MOST_PER_ADDRESS = 10;
const MOST_IN_ALL = 200;

/** Which account a person has, and how often the passphrase was tried. There is one object of this class. */
export class Directory extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(SCHEMA);
  }

  /** The account of a person, made at the first sign-in. Its id tells nothing about the person. */
  account(method: string, subject: string): string {
    const made = crypto.randomUUID().replaceAll('-', '');
    const [row] = this.#sql
      .exec<{ account: string }>(
        `INSERT INTO person (method, subject, account, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (method, subject) DO UPDATE SET subject = excluded.subject RETURNING account`,
        ...[method, subject, made, Date.now()],
      )
      .toArray();
    return row?.account ?? made;
  }

  /** Counts an attempt before it is made, so that none slips past in parallel. Returns how long to wait instead, in ms, or 0. */
  attempt(address: string): number {
    const now = Date.now();
    this.#sql.exec('DELETE FROM attempt WHERE at <= ?', now - WINDOW_MS);
    const attempts = this.#sql.exec<{ address: string; at: number }>('SELECT address, at FROM attempt ORDER BY at').toArray();
    const own = attempts.filter((attempt) => attempt.address === address);
    const [oldest] = own.length >= MOST_PER_ADDRESS ? own : attempts.length >= MOST_IN_ALL ? attempts : [];
    if (oldest) return Math.max(1, oldest.at + WINDOW_MS - now);
    this.#sql.exec('INSERT INTO attempt (address, at) VALUES (?, ?)', address, now);
    return 0;
  }

  /** Forgets the attempts of an address that knew the passphrase. */
  succeeded(address: string): void {
    this.#sql.exec('DELETE FROM attempt WHERE address = ?', address);
  }
}
