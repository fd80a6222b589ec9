import type { State } from '@cloudflare/containers';

type Kept = Pick<State, 'status' | 'lastChange'>;

/**
 * Whether a container that gave no health hangs, by its state before it was asked and after. One that was started or woken meanwhile is another one,
 * or does not; one that was never healthy may be slow to boot, for `bootMs` at most.
 */
export const isHung = (before: Kept, { status, lastChange }: Kept, bootMs: number, now: number): boolean =>
  before.lastChange === lastChange && (status === 'healthy' || now - lastChange > bootMs);
