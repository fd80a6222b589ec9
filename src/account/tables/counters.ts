import { z } from 'zod';
import { windowStart } from '../../policy/counting.ts';
import { isUsage, type UsageName } from '../../policy/document.ts';
import type { Charge } from '../../policy/evaluate.ts';
import { addColumns } from '../../sql.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS counter (
    owner TEXT NOT NULL, name TEXT NOT NULL, window_s INTEGER NOT NULL, start INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (owner, name, window_s)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS reservation (
    ref TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, window_s INTEGER NOT NULL, start INTEGER NOT NULL, amount REAL NOT NULL, usage TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS reservation_ref ON reservation (ref);`;

/** A charge and the owner of its counter: a grant or the account. */
export interface OwnedCharge extends Charge {
  owner: string;
}

/** What a job used. */
export type Used = Record<UsageName, number>;

const Reservation = z.object({
  owner: z.string(),
  name: z.string(),
  window_s: z.number(),
  start: z.number(),
  amount: z.number(),
  usage: z
    .string()
    .transform((name) => (isUsage(name) ? name : null))
    .nullable(),
});
type Reservation = z.infer<typeof Reservation>;

/** Equal for charges of one counter. */
const keyOf = ({ owner, counter, windowS }: OwnedCharge) => `${owner}\n${counter}\n${windowS}`;
/** A call counts once per counter, however many limits share it; the lowest limit counts. */
const perCounter = (charges: OwnedCharge[]) => [
  ...new Map([...charges].sort((a, b) => b.max - a.max).map((charge) => [keyOf(charge), charge])).values(),
];

/** A limit of a policy on cost, and what all other jobs spent or are expected to, in USD. */
const SpendLimit = z.object({ limitUsd: z.number(), spentUsd: z.number() });
type SpendLimit = z.infer<typeof SpendLimit>;

/** Counters of limits, and reservations of unfinished calls. A counter holds its newest window only. */
export class Counters {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    // Reservations of earlier versions have no limit.
    addColumns(this.#sql, 'reservation', { max: 'REAL' });
  }

  /** The value of a charge's counter in the window of `now`. */
  used({ owner, counter, windowS }: OwnedCharge, now: number): number {
    const [row] = this.#sql
      .exec<{ value: number }>(
        'SELECT value FROM counter WHERE owner = ? AND name = ? AND window_s = ? AND start = ?',
        ...[owner, counter, windowS, windowStart(now, windowS)],
      )
      .toArray();
    return row?.value ?? 0;
  }

  /** Adds charges, once per counter. */
  charge(charges: OwnedCharge[], now: number): void {
    for (const { owner, counter, windowS, amount } of perCounter(charges))
      this.#sql.exec(
        `INSERT INTO counter (owner, name, window_s, start, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, name, window_s) DO UPDATE
         SET value = CASE WHEN start = excluded.start THEN value ELSE 0 END + excluded.value, start = excluded.start`,
        ...[owner, counter, windowS, windowStart(now, windowS), amount],
      );
  }

  /** Takes back charges that were added at a time. */
  refund(charges: OwnedCharge[], at: number): void {
    for (const { owner, counter: name, windowS: window_s, amount } of perCounter(charges))
      this.#add({ owner, name, window_s, start: windowStart(at, window_s) }, -amount);
  }

  /** Adds charges that are later settled or released under `ref`. */
  reserve(ref: string, charges: OwnedCharge[], now: number): void {
    this.charge(charges, now);
    for (const { owner, counter, windowS, amount, unit, max } of perCounter(charges))
      this.#sql.exec(
        'INSERT INTO reservation (ref, owner, name, window_s, start, amount, usage, max) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...[ref, owner, counter, windowS, windowStart(now, windowS), amount, isUsage(unit) ? unit : null, max],
      );
  }

  /** The limits on cost that bind a job, of counters whose owner does not begin with `exempt`. */
  spendLimits(ref: string, exempt: string): SpendLimit[] {
    return this.#sql
      .exec(
        `SELECT r.max AS limitUsd, max(0, c.value - r.amount) AS spentUsd FROM reservation r JOIN counter c
         ON c.owner = r.owner AND c.name = r.name AND c.window_s = r.window_s AND c.start = r.start
         WHERE r.ref = ? AND r.usage = 'usage.costUsd' AND r.max IS NOT NULL AND r.owner NOT LIKE ? || '%'`,
        ...[ref, exempt],
      )
      .toArray()
      .map((row) => SpendLimit.parse(row));
  }

  /** Raises what a job is expected to cost to what it has spent and holds, so that other calls are judged by it. */
  expectCost(ref: string, usd: number): void {
    const lower = `FROM reservation WHERE ref = ? AND usage = 'usage.costUsd' AND amount < ?`;
    const rows = this.#sql.exec(`SELECT owner, name, window_s, start, amount, usage ${lower}`, ref, usd).toArray();
    for (const reservation of rows.map((row) => Reservation.parse(row))) this.#add(reservation, usd - reservation.amount);
    this.#sql.exec(`UPDATE reservation SET amount = ? WHERE ref = ? AND usage = 'usage.costUsd' AND amount < ?`, usd, ref, usd);
  }

  /** Takes back a reservation, because the call did nothing. Idempotent. */
  release(ref: string): void {
    for (const reservation of this.#take(ref)) this.#add(reservation, -reservation.amount);
  }

  /** Replaces the estimates of a reservation by actual usage. Idempotent. */
  settle(ref: string, used?: Used): void {
    for (const reservation of this.#take(ref))
      if (reservation.usage && used) this.#add(reservation, used[reservation.usage] - reservation.amount);
  }

  /** When the oldest window of a counter began, or null. */
  oldest(): number | null {
    return this.#sql.exec<{ oldest: number | null }>('SELECT MIN(start) AS oldest FROM counter').one().oldest;
  }

  /** Removes counters whose window began before a time, which is longer ago than any window lasts. */
  removeBefore(before: number): void {
    this.#sql.exec('DELETE FROM counter WHERE start < ?', before);
  }

  #take(ref: string): Reservation[] {
    return this.#sql
      .exec('DELETE FROM reservation WHERE ref = ? RETURNING owner, name, window_s, start, amount, usage', ref)
      .toArray()
      .map((row) => Reservation.parse(row));
  }

  /** Changes a counter, if its window is still the newest. */
  #add({ owner, name, window_s, start }: Omit<Reservation, 'amount' | 'usage'>, amount: number): void {
    this.#sql.exec(
      'UPDATE counter SET value = max(0, value + ?) WHERE owner = ? AND name = ? AND window_s = ? AND start = ?',
      ...[amount, owner, name, window_s, start],
    );
  }
}
