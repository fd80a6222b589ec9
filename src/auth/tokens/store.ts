import { z } from 'zod';
import type { Scope } from '../../caller.ts';
import { isScope } from '../scopes.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER
  ) STRICT`;

/** The time of the last use is right to this, in ms, so that a busy token does not write with every call. */
const USE_PRECISION_MS = 60_000;

const Row = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)).filter(isScope)),
    created_at: z.number(),
    expires_at: z.number().nullable(),
    used_at: z.number().nullable(),
  })
  .transform(({ created_at, expires_at, used_at, ...row }) => ({
    ...row,
    createdAt: created_at,
    expiresAt: expires_at,
    usedAt: used_at,
  }));

/** An API token without its secret. Times in ms since 1970; `expiresAt` null: never. */
export type ApiToken = z.infer<typeof Row>;

const COLUMNS = 'id, name, scopes, created_at, expires_at, used_at';

/** All SQL of an account's API tokens. */
export class TokenStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** False where no token was ever made: asking about an account that is none must leave nothing behind. */
  #exists(): boolean {
    return this.#sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'token'`).toArray().length === 1;
  }

  #rows(query: string, ...values: (string | number)[]): ApiToken[] {
    if (!this.#exists()) return [];
    const rows = this.#sql.exec(`SELECT ${COLUMNS} FROM token ${query}`, ...values).toArray();
    return rows.map((row) => Row.parse(row));
  }

  add(hash: string, { id, name, scopes, createdAt, expiresAt }: Omit<ApiToken, 'usedAt'>): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec(
      'INSERT INTO token (id, hash, name, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, hash, name, JSON.stringify(scopes), createdAt, expiresAt],
    );
  }

  /** The token of a hash that is good at `now`, noted as used. */
  use(hash: string, now: number): { id: string; scopes: Scope[] } | undefined {
    const [token] = this.#rows('WHERE hash = ? AND (expires_at IS NULL OR expires_at > ?)', hash, now);
    if (token && (token.usedAt ?? 0) < now - USE_PRECISION_MS)
      this.#sql.exec('UPDATE token SET used_at = ? WHERE id = ?', now, token.id);
    return token;
  }

  /** All tokens, newest first. */
  all(): ApiToken[] {
    return this.#rows('ORDER BY created_at DESC, id');
  }

  /** False where there is no such token. */
  remove(id: string): boolean {
    if (!this.#exists()) return false;
    return this.#sql.exec('DELETE FROM token WHERE id = ? RETURNING id', id).toArray().length === 1;
  }
}
