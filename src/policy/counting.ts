import type { Charge } from './evaluate.ts';

/** Start of the window that a time falls in, in ms since 1970. Windows are aligned to the UTC clock. */
export const windowStart = (now: number, windowS: number): number => Math.floor(now / (windowS * 1_000)) * windowS * 1_000;

/** Tolerance for sums of USD, which are not exact. */
const ROUNDING = 1e-9;

/** A charge that would exceed its limit. */
export interface Overrun extends Pick<Charge, 'rule' | 'amount' | 'max' | 'unit'> {
  used: number;
  /** Until the counter restarts, in ms; absent if the amount alone exceeds the limit. */
  retryAfterMs?: number;
}

/** The exceeded limit that blocks the call longest, or undefined. `used` reads a charge's counter. */
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
