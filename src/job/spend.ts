import { z } from 'zod';
import { Usage } from '../../container/protocol.ts';
import { addUsage, NO_USAGE } from '../../container/providers/usage.ts';
import { hasTable } from '../sql.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spend (call TEXT PRIMARY KEY, usage TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS open_call (call TEXT PRIMARY KEY, bound REAL NOT NULL, reserved REAL NOT NULL, at INTEGER NOT NULL) STRICT;`;

/** An open call that reports nothing for this long counts as ended, in ms, because the part of the gateway that served it may be gone. */
const SILENCE_MAX_MS = 600_000;

const OpenCall = z.object({ call: z.string(), bound: z.number(), reserved: z.number(), at: z.number() });

/** A model call that is under way. Amounts in USD. */
interface OpenCall {
  call: string;
  /** The most that it can cost. */
  bound: number;
  reserved: number;
  spent: number;
}

/** Usage of each model call of a job, as metered by the gate, and what is reserved for the open ones. The last report of a call counts. */
export class SpendStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Stores what a call has used so far. Returns the sum of all calls, and the USD by which it rose. */
  record(call: string, usage: Usage, now: number): { total: Usage; risenUsd: number } {
    this.#sql.exec(SCHEMA);
    const before = this.total().costUsd ?? 0;
    this.#sql.exec('INSERT OR REPLACE INTO spend (call, usage) VALUES (?, ?)', call, JSON.stringify(usage));
    this.#sql.exec('UPDATE open_call SET at = ? WHERE call = ?', now, call);
    const total = this.total();
    return { total, risenUsd: (total.costUsd ?? 0) - before };
  }

  /** The sum of all calls. */
  total(): Usage {
    return [...this.#usages().values()].reduce(addUsage, NO_USAGE);
  }

  /** Opens a call that can cost up to `bound` USD, with nothing reserved. */
  open(call: string, bound: number, now: number): void {
    this.#sql.exec(SCHEMA);
    this.#sql.exec('INSERT INTO open_call (call, bound, reserved, at) VALUES (?, ?, 0, ?)', call, bound, now);
  }

  /** Changes what is reserved for an open call, in USD. */
  reserve(call: string, usd: number): void {
    this.#sql.exec('UPDATE open_call SET reserved = reserved + ? WHERE call = ?', usd, call);
  }

  /** Ends a call, and with it what is reserved for it. */
  close(call: string): void {
    if (hasTable(this.#sql, 'open_call')) this.#sql.exec('DELETE FROM open_call WHERE call = ?', call);
  }

  /** The open calls. */
  calls(now: number): OpenCall[] {
    if (!hasTable(this.#sql, 'open_call')) return [];
    const usages = this.#usages();
    const rows = this.#sql.exec('SELECT call, bound, reserved, at FROM open_call WHERE at > ?', now - SILENCE_MAX_MS).toArray();
    return rows.map((row) => {
      const { call, bound, reserved } = OpenCall.parse(row);
      return { call, bound, reserved, spent: usages.get(call)?.costUsd ?? 0 };
    });
  }

  #usages(): Map<string, Usage> {
    if (!hasTable(this.#sql, 'spend')) return new Map();
    const rows = this.#sql.exec('SELECT call, usage FROM spend').toArray();
    return new Map(rows.map(({ call, usage }) => [String(call), Usage.parse(JSON.parse(String(usage)))]));
  }
}

/** What is reserved for calls beyond what they have spent, in USD. */
export const heldUsd = (calls: Pick<OpenCall, 'reserved' | 'spent'>[]): number =>
  calls.reduce((sum, { reserved, spent }) => sum + Math.max(0, reserved - spent), 0);
