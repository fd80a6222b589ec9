import { setTimeout as delay } from 'node:timers/promises';

/** Longest delay of a timer in Node, in ms. */
const TIMER_MAX_MS = 2_147_483_647;

/** Calls `act` once after some time, however long. */
export function after(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(act, Math.min(ms, TIMER_MAX_MS));
}

/** Resolves when something is done, at the latest after `ms`. */
export async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const timeout = delay(Math.min(ms, TIMER_MAX_MS), undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([done, timeout]);
  timer.abort();
}

/** Calls `onIdle` when `heard` has not been called for `ms`; a silence that is excused at that moment may last until the next call. */
export function watchIdle(ms: number, isExcused: () => boolean, onIdle: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  return {
    heard: () => {
      clearTimeout(timer);
      if (!isOver) timer = after(ms, () => isExcused() || onIdle());
    },
    stop: () => {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
