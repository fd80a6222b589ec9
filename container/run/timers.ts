import { setTimeout as delay } from 'node:timers/promises';

/** Longest delay of a timer in Node, in ms. */
const TIMER_MAX_MS = 2_147_483_647;

/** Calls `act` once after `ms`, at the latest after Node's longest delay. */
export function callAfter(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(act, Math.min(ms, TIMER_MAX_MS));
}

/** Resolves when `done` settles or after `ms`, whichever comes first. */
export async function waitAtMost(ms: number, done: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const timeout = delay(Math.min(ms, TIMER_MAX_MS), undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([done, timeout]);
  timer.abort();
}

/** Calls `onIdle` when `restart` was not called for `ms`. If `isExcused()` is true when the timer fires, the timeout is skipped. */
export function watchIdle(ms: number, isExcused: () => boolean, onIdle: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  return {
    restart: () => {
      clearTimeout(timer);
      if (!isOver) timer = callAfter(ms, () => isExcused() || onIdle());
    },
    stop: () => {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
