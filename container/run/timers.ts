/** Longest step of a timer, in ms. */
const STEP_MS = 1_000;
/** How much longer than planned a step takes, in ms, if this process or its machine was stopped meanwhile. */
const STOPPED_MIN_MS = 1_000;

/**
 * Calls `act` once after `ms` in which this process was awake, and returns its cancel. A step in which the process was stopped does not
 * count: output that arrived meanwhile has not been read yet.
 */
export function callAfter(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, STEP_MS);
    const began = performance.now();
    timer = setTimeout(() => {
      const tookMs = performance.now() - began;
      const nextMs = tookMs > stepMs + STOPPED_MIN_MS ? leftMs : leftMs - tookMs;
      if (nextMs > 0) wait(nextMs);
      else act();
    }, stepMs);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** Resolves when `done` settles or after `ms`, whichever comes first. */
export async function waitAtMost(ms: number, done: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = callAfter(ms, resolve);
  await Promise.race([done, promise]).finally(cancel);
}

/** Calls `onIdle` when `restart` was not called for `ms`. If `isExcused()` is true when the timer fires, the timeout is skipped. */
export function watchIdle(ms: number, isExcused: () => boolean, onIdle: () => void) {
  let cancel = () => {};
  let isOver = false;
  return {
    restart: () => {
      cancel();
      if (!isOver) cancel = callAfter(ms, () => isExcused() || onIdle());
    },
    stop: () => {
      isOver = true;
      cancel();
    },
  };
}
