import type { Charge } from './evaluate.ts';

/** When the window of a time began, in ms since 1970. Windows are aligned to the clock of UTC. */
export const windowStart = (now: number, windowS: number): number => Math.floor(now / (windowS * 1_000)) * windowS * 1_000;

/** Sums of USD are not exact. */
const ROUNDING = 1e-9;

/** A charge that would pass its maximum. */
export interface Overrun extends Pick<Charge, 'rule' | 'amount' | 'max' | 'unit'> {
  used: number;
  /** Until the counter begins anew, in ms; absent where the amount alone is too much. */
  retryAfterMs?: number;
}

/** Of the charges that do not fit, given what their counters have, the one that bars the call longest. */
export function overrun<C extends Charge>(charges: C[], used: (charge: C) => number, now: number): Overrun | undefined {
  const over = charges.flatMap((charge): Overrun[] => {
    const { rule, max, amount, unit, windowS } = charge;
    const before = used(charge);
    if (before + amount <= max + ROUNDING) return [];
    const retryAfterMs = windowStart(now, windowS) + windowS * 1_000 - now;
    return [{ rule, used: before, amount, max, unit, ...(amount <= max && { retryAfterMs }) }];
  });
  const wait = ({ retryAfterMs = Number.POSITIVE_INFINITY }: Overrun) => retryAfterMs;
  return over.reduce<Overrun | undefined>((most, next) => (most && wait(most) >= wait(next) ? most : next), undefined);
}
