import { runInDurableObject } from 'cloudflare:test';
import type { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { z } from 'zod';
import { EVENT_TEXT_MAX } from '../../../container/protocol.ts';
import { rangeOf } from '../../../src/config.ts';
import { DOCUMENT_MAX_CHARS } from '../../../src/policy/document.ts';
import type { jobOf } from './jobs.ts';

/** The platform's limits on a row, and on a message between objects, in bytes. */
export const ROW_MAX = 2_000_000;
export const MESSAGE_MAX = 33_554_432;
/** Entries of each list. */
export const MANY = 40;

/** Bytes of a character in UTF-8, at most, as UTF-16 counts characters. */
export const TEXT = 3;

/** Largest value of each column that holds text, in bytes: characters times bytes of a character, JSON escapes included. */
export const LARGEST: Record<string, Record<string, number>> = {
  'Job.job': {
    spec: rangeOf('optionsMaxBytes').max + 10_000,
    prompt: 0,
    run_token: 100,
    state: 20,
    asked_state: 40,
    progress: 1_250_000,
    ending: 40_000,
    hold: 5_000,
  },
  'Job.event': { data: 2 * TEXT * EVENT_TEXT_MAX + 2_000 },
  'Job.piece': { channel: 40, text: TEXT * EVENT_TEXT_MAX },
  'Account.entry': {
    ...{
      id: 64,
      account: 64,
      provider: 32,
      state: 20,
      reason: 400,
      session: 40,
      request_key: 64,
      idempotency_key: 600,
      label: 240,
    },
    ...{ correlation_id: 600, grant_id: 200, tool: 400, client: 600, origin: 2_000, title: 600, workspace: 64 },
  },
  'Account.session': { id: 40, provider: 32, workspace: 64, origin: 40 },
  'Account.approval': {
    ...{ id: 300, kind: 8, call: 10_000, grant_id: 200, tool: 600, args_hash: 64, rule: 2_000, reason: 1_500, job: 64 },
    ...{ question: 200, state: 20, decided_by: 600, said: 1_500, preview: 24_000 },
  },
  'Account.alike': { kind: 8, grant_id: 200, tool: 600, rule: 2_000, args_hash: 64 },
  'Account.piece': { channel: 300, text: TEXT * EVENT_TEXT_MAX },
  'Account.announcement': { approval: 300 },
  'Account.policy': { target: 80, mode: 8, written: TEXT * DOCUMENT_MAX_CHARS },
  'Account.policy_change': { target: 80, mode: 8, written: TEXT * DOCUMENT_MAX_CHARS, changed_by: 600 },
  'Account.counter': { owner: 300, name: 2_000 },
  'Account.reservation': { ref: 300, owner: 300, name: 2_000, usage: 40 },
  'Account.spending': { day: 10 },
  'Account.held': { job: 40 },
  'Account.audit': { facts: 40_000, hash: 64 },
  'Account.audit_base': { hash: 64 },
};

const Column = z.object({ table: z.string(), name: z.string() });
const COLUMNS = `SELECT m.name AS "table", c.name FROM sqlite_master m, pragma_table_info(m.name) c
  WHERE m.type = 'table' AND c.type = 'TEXT' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name <> 'sqlite_sequence' ORDER BY 1, c.cid`;

type Stub = ReturnType<typeof env.ACCOUNTS.getByName> | ReturnType<typeof jobOf>;

/** The columns of tables that hold text, and the largest value in each, in bytes. */
export function largestIn(sql: SqlStorage) {
  const columns = sql.exec(COLUMNS).toArray();
  return columns.map((row) => {
    const { table, name } = Column.parse(row);
    const query = `SELECT COALESCE(MAX(LENGTH(CAST("${name}" AS BLOB))), 0) AS bytes FROM "${table}"`;
    return { table, name, bytes: sql.exec<{ bytes: number }>(query).one().bytes };
  });
}

export const storedIn = (stub: Stub) => runInDurableObject(stub, (_object, { storage }) => largestIn(storage.sql));

/** Checks that each stored value is within its declared size. */
export async function expectWithin(kind: 'Job' | 'Account', stub: Stub) {
  const columns = await storedIn(stub);
  expect(columns.length).toBeGreaterThan(3);
  const over = columns.filter(({ table, name, bytes }) => bytes > (LARGEST[`${kind}.${table}`]?.[name] ?? -1));
  expect(over).toEqual([]);
}
