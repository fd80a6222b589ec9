import { runInDurableObject } from 'cloudflare:test';
import type { env } from 'cloudflare:workers';
import type { jobOf } from './jobs.ts';

type Stub = ReturnType<typeof env.ACCOUNTS.getByName> | ReturnType<typeof jobOf>;

const TABLES = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name <> 'sqlite_sequence'
  AND name NOT LIKE 'job\\_text\\_%' ESCAPE '\\'`;

/** Rows of each of an object's tables that has any, without the index that belongs to `job_text`. */
export const rowsIn = (stub: Stub): Promise<Record<string, number>> =>
  runInDurableObject(stub, (_object, { storage: { sql } }) => {
    const count = (name: string) => sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM "${name}"`).one().n;
    const tables = sql.exec<{ name: string }>(TABLES).toArray();
    return Object.fromEntries(tables.map(({ name }) => [name, count(name)] as const).filter(([, rows]) => rows > 0));
  });
