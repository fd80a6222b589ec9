/** An account that was refused for want of a slot comes first for this long, in ms: longer than callers pause before they ask again. */
export const CLAIM_MS = 3_000;

/** Who has slots, and who asked for one. */
export interface Slots {
  max: number;
  /** Account of each run that is going on. */
  running: Iterable<string>;
  /** When an account was refused last, in ms since 1970. */
  refusedAt: ReadonlyMap<string, number>;
}

/**
 * Whether an account may take a slot at `now`: there is one, and one more for each account that waits with fewer runs. So an
 * account with many runs cannot keep one with few from ever getting a turn.
 */
export function mayTake(account: string, { max, running, refusedAt }: Slots, now: number): boolean {
  const runs = new Map<string, number>();
  let taken = 0;
  for (const owner of running) {
    runs.set(owner, (runs.get(owner) ?? 0) + 1);
    taken += 1;
  }
  const own = runs.get(account) ?? 0;
  const first = [...refusedAt].filter(
    ([other, at]) => other !== account && now - at < CLAIM_MS && (runs.get(other) ?? 0) < own,
  ).length;
  return max - taken > first;
}
