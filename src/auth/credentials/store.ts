import { z } from 'zod';
import { hasTable } from '../../sql.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS credential (
    name TEXT PRIMARY KEY, sealed TEXT NOT NULL, set_at INTEGER NOT NULL, used_at INTEGER
  ) STRICT`;

/** Precision of the time of the last use, in ms. A busy key does not write with every call. */
const USE_PRECISION_MS = 60_000;

const SealedCredential = z.object({ name: z.string(), sealed: z.string(), setAt: z.number(), usedAt: z.number().nullable() });

/** A stored credential. Times in ms since 1970. */
export type SealedCredential = z.infer<typeof SealedCredential>;

/** All SQL of an account's credentials. */
export class CredentialStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** All credentials by name. */
  all(): SealedCredential[] {
    if (!hasTable(this.#sql, 'credential')) return [];
    const rows = this.#sql
      .exec('SELECT name, sealed, set_at AS setAt, used_at AS usedAt FROM credential ORDER BY name')
      .toArray();
    return rows.map((row) => SealedCredential.parse(row));
  }

  /** Stores a credential in place of one with the same name. */
  put(name: string, sealed: string, now: number): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec('INSERT OR REPLACE INTO credential (name, sealed, set_at) VALUES (?, ?, ?)', name, sealed, now);
  }

  /** Replaces the sealed value of a credential that is still the one that was read. */
  reseal({ name, sealed }: SealedCredential, next: string): void {
    this.#sql.exec('UPDATE credential SET sealed = ? WHERE name = ? AND sealed = ?', next, name, sealed);
  }

  /** Marks a credential as used. */
  markUsed({ name, usedAt }: SealedCredential, now: number): void {
    if ((usedAt ?? 0) < now - USE_PRECISION_MS) this.#sql.exec('UPDATE credential SET used_at = ? WHERE name = ?', now, name);
  }

  /** Removes a credential. False for an unknown name. */
  remove(name: string): boolean {
    if (!hasTable(this.#sql, 'credential')) return false;
    return this.#sql.exec('DELETE FROM credential WHERE name = ? RETURNING name', name).toArray().length > 0;
  }
}
