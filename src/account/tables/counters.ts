import { z } from 'zod';
import { windowStart } from '../../policy/counting.ts';
import { isUsage, type UsageName } from '../../policy/document.ts';
import type { Charge } from '../../policy/evaluate.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS counter (
    owner TEXT NOT NULL, name TEXT NOT NULL, window_s INTEGER NOT NULL, start INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (owner, name, window_s)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS reservation (
    ref TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, window_s INTEGER NOT NULL, start INTEGER NOT NULL, amount REAL NOT NULL, usage TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS reservation_ref ON reservation (ref);`;

/** A charge with whose counter it goes to. */
export interface OwnedCharge extends Charge {
  owner: string;
}

/** What a job really used. */
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

/** Equal for charges that go to one counter. */
const keyOf = ({ owner, counter, windowS }: OwnedCharge) => `${owner}\n${counter}\n${windowS}`;
/** A call counts once with each counter, however many limits look at it. */
const once = (charges: OwnedCharge[]) => [...new Map(charges.map((charge) => [keyOf(charge), charge])).values()];

/** Counters of limits, and what unfinished calls have reserved of them. A counter holds its newest window only. */
export class Counters {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  /** What a charge's counter has in the window of `now`. */
  used({ owner, counter, windowS }: OwnedCharge, now: number): number {
    const [row] = this.#sql
      .exec<{ value: number }>(
        'SELECT value FROM counter WHERE owner = ? AND name = ? AND window_s = ? AND start = ?',
        ...[owner, counter, windowS, windowStart(now, windowS)],
      )
      .toArray();
    return row?.value ?? 0;
  }

  /** Adds charges, each counter once. */
  count(charges: OwnedCharge[], now: number): void {
    for (const { owner, counter, windowS, amount } of once(charges))
      this.#sql.exec(
        `INSERT INTO counter (owner, name, window_s, start, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, name, window_s) DO UPDATE
         SET value = CASE WHEN start = excluded.start THEN value ELSE 0 END + excluded.value, start = excluded.start`,
        ...[owner, counter, windowS, windowStart(now, windowS), amount],
      );
  }

  /** Takes back what was counted at a time. */
  uncount(charges: OwnedCharge[], at: number): void {
    for (const { owner, counter: name, windowS: window_s, amount } of once(charges))
      this.#add({ owner, name, window_s, start: windowStart(at, window_s) }, -amount);
  }

  /** Adds charges that are to be settled or given back under `ref`. */
  reserve(ref: string, charges: OwnedCharge[], now: number): void {
    this.count(charges, now);
    for (const { owner, counter, windowS, amount, unit } of once(charges))
      this.#sql.exec(
        'INSERT INTO reservation (ref, owner, name, window_s, start, amount, usage) VALUES (?, ?, ?, ?, ?, ?, ?)',
        ...[ref, owner, counter, windowS, windowStart(now, windowS), amount, isUsage(unit) ? unit : null],
      );
  }

  /** Takes back all that was reserved: the call did nothing. Safe to repeat. */
  giveBack(ref: string): void {
    for (const reservation of this.#take(ref)) this.#add(reservation, -reservation.amount);
  }

  /** Counts what was really used in place of its estimate. Safe to repeat. */
  settle(ref: string, used?: Used): void {
    for (const reservation of this.#take(ref))
      if (reservation.usage && used) this.#add(reservation, used[reservation.usage] - reservation.amount);
  }

  #take(ref: string): Reservation[] {
    return this.#sql
      .exec('DELETE FROM reservation WHERE ref = ? RETURNING owner, name, window_s, start, amount, usage', ref)
      .toArray()
      .map((row) => Reservation.parse(row));
  }

  /** A window that is over is not counted any more. */
  #add({ owner, name, window_s, start }: Omit<Reservation, 'amount' | 'usage'>, amount: number): void {
    this.#sql.exec(
      'UPDATE counter SET value = max(0, value + ?) WHERE owner = ? AND name = ? AND window_s = ? AND start = ?',
      ...[amount, owner, name, window_s, start],
    );
  }
}
