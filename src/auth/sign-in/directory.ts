import { DurableObject } from 'cloudflare:workers';
import { DAY_MS } from '../../config.ts';
import { randomSecret } from '../tokens/secret.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS person (
    method TEXT NOT NULL, subject TEXT NOT NULL, account TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, PRIMARY KEY (method, subject)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS named (method TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (method, name)) STRICT;
  CREATE TABLE IF NOT EXISTS known_address (address TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS attempt (address TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS attempt_at ON attempt (at);`;

/** Attempts at the passphrase are limited within this window. */
const ATTEMPT_WINDOW_MS = 900_000;
const MAX_ATTEMPTS_PER_ADDRESS = 10;
/** Attempts from all addresses that never gave the right passphrase, because a check costs 250 ms. */
const MAX_ATTEMPTS = 2_000;
/** An address that gave the right passphrase is known for this long, in ms. */
const KNOWN_MS = 90 * DAY_MS;

/** Maps people to accounts, and counts attempts at the passphrase. There is one object of this class. */
export class Directory extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(SCHEMA);
  }

  /** The secret with which the gate signs the tokens of runs, made at its first use. */
  gateKey(): string {
    const known = this.ctx.storage.kv.get<string>('gate_key');
    const secret = known ?? randomSecret();
    if (known === undefined) this.ctx.storage.kv.put('gate_key', secret);
    return secret;
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

  /**
   * Whether a name of a sign-in method still stands for the person who used it first. Names can be given up and taken by others, while the
   * subject is for ever.
   */
  isSamePerson(method: string, name: string, subject: string): boolean {
    const [row] = this.#sql
      .exec<{ subject: string }>(
        `INSERT INTO named (method, name, subject) VALUES (?, ?, ?)
         ON CONFLICT (method, name) DO UPDATE SET name = excluded.name RETURNING subject`,
        ...[method, name, subject],
      )
      .toArray();
    return row?.subject === subject;
  }

  #isKnown(address: string, now: number): boolean {
    this.#sql.exec('DELETE FROM known_address WHERE at <= ?', now - KNOWN_MS);
    return this.#sql.exec('SELECT 1 FROM known_address WHERE address = ?', address).toArray().length > 0;
  }

  /** Counts an attempt before it is made, because parallel ones could exceed the limit. Returns how long to wait instead, in ms, or 0. */
  attempt(address: string): number {
    const now = Date.now();
    this.#sql.exec('DELETE FROM attempt WHERE at <= ?', now - ATTEMPT_WINDOW_MS);
    const count = (where: string, ...values: string[]) =>
      this.#sql
        .exec<{ made: number; oldest: number | null }>(
          `SELECT count(*) AS made, min(at) AS oldest FROM attempt ${where}`,
          ...values,
        )
        .one();
    const [own, all] = [count('WHERE address = ?', address), count('')];
    const isFull = all.made >= MAX_ATTEMPTS && !this.#isKnown(address, now);
    const { oldest } = own.made >= MAX_ATTEMPTS_PER_ADDRESS ? own : isFull ? all : { oldest: null };
    if (oldest !== null) return Math.max(1, oldest + ATTEMPT_WINDOW_MS - now);
    this.#sql.exec('INSERT INTO attempt (address, at) VALUES (?, ?)', address, now);
    return 0;
  }

  /** Removes the attempts of an address that gave the right passphrase, and remembers it: others cannot use up its attempts. */
  clearAttempts(address: string): void {
    this.#sql.exec('DELETE FROM attempt WHERE address = ?', address);
    this.#sql.exec('INSERT OR REPLACE INTO known_address (address, at) VALUES (?, ?)', address, Date.now());
  }
}
