import { z } from 'zod';
import { hasTable } from '../../sql.ts';
import { isScope } from '../scopes.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER
  ) STRICT`;

/** Precision of the time of the last use, in ms. A busy token does not write with every call. */
const USE_PRECISION_MS = 60_000;

const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)).filter(isScope)),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  usedAt: z.number().nullable(),
});

/** An API token without its secret. Times in ms since 1970. `expiresAt` null: never. */
export type ApiToken = z.infer<typeof ApiToken>;

const COLUMNS = 'id, name, scopes, created_at AS createdAt, expires_at AS expiresAt, used_at AS usedAt';

/** All SQL of an account's API tokens. */
export class TokenStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  #rows(query: string, ...values: (string | number)[]): ApiToken[] {
    if (!hasTable(this.#sql, 'token')) return [];
    const rows = this.#sql.exec(`SELECT ${COLUMNS} FROM token ${query}`, ...values).toArray();
    return rows.map((row) => ApiToken.parse(row));
  }

  add(hash: string, { id, name, scopes, createdAt, expiresAt }: Omit<ApiToken, 'usedAt'>): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec(
      'INSERT INTO token (id, hash, name, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, hash, name, JSON.stringify(scopes), createdAt, expiresAt],
    );
  }

  /** Marks the token of a hash as used, if it is valid at `now`. */
  use(hash: string, now: number): (ApiToken & { isFirstUse: boolean }) | undefined {
    const [token] = this.#rows('WHERE hash = ? AND (expires_at IS NULL OR expires_at > ?)', hash, now);
    if (token && (token.usedAt ?? 0) < now - USE_PRECISION_MS)
      this.#sql.exec('UPDATE token SET used_at = ? WHERE id = ?', now, token.id);
    return token && { ...token, isFirstUse: token.usedAt === null };
  }

  /** All tokens, newest first. */
  all(): ApiToken[] {
    return this.#rows('ORDER BY created_at DESC, id');
  }

  /** Removes a token. Returns its name, or undefined for an unknown id. */
  remove(id: string): string | undefined {
    const [token] = this.#rows('WHERE id = ?', id);
    if (token) this.#sql.exec('DELETE FROM token WHERE id = ?', id);
    return token?.name;
  }
}
