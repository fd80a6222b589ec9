/** How long an account refused for lack of a slot has precedence, in ms: longer than callers wait before a retry. */
export const CLAIM_MS = 3_000;

/** Slots of an executor, with their holders and the accounts that wait. */
export interface Slots {
  max: number;
  /** Account of each running run. */
  running: Iterable<string>;
  /** Time of each account's last refusal, in ms since 1970. */
  refusedAt: ReadonlyMap<string, number>;
}

/**
 * Whether an account may take a slot at `now`. A slot must remain free for each waiting account with fewer runs, because an
 * account with many runs could otherwise keep one with few waiting forever.
 */
export function mayTakeSlot(account: string, { max, running, refusedAt }: Slots, now: number): boolean {
  const runs = new Map<string, number>();
  let taken = 0;
  for (const owner of running) {
    runs.set(owner, (runs.get(owner) ?? 0) + 1);
    taken += 1;
  }
  const own = runs.get(account) ?? 0;
  const ahead = [...refusedAt].filter(
    ([other, at]) => other !== account && now - at < CLAIM_MS && (runs.get(other) ?? 0) < own,
  ).length;
  return max - taken > ahead;
}
