import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callAfter, waitAtMost, watchIdle } from '../../../container/run/timers.ts';

let stoppedMs = 0;
beforeEach(() => {
  vi.useFakeTimers();
  stoppedMs = 0;
  const { now } = performance;
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + stoppedMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Stops the process, during whose stop a timer became due. */
const stop = (ms: number) => {
  stoppedMs += ms;
};

test.each([5, 700, 1_000, 3_300, 3_600_000])('a timer of %i ms is due after as long, and once', async (ms) => {
  const act = vi.fn();
  callAfter(ms, act);
  await vi.advanceTimersByTimeAsync(ms - 1);
  expect(act).toHaveBeenCalledTimes(0);
  await vi.advanceTimersByTimeAsync(ms + 5);
  expect(act).toHaveBeenCalledTimes(1);
});

test('time in which the process was stopped does not count, however often', async () => {
  const act = vi.fn();
  callAfter(3_000, act);
  for (const _ of [1, 2, 3]) {
    stop(20_000);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(act).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_990);
  expect(act).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(20);
  expect(act).toHaveBeenCalledTimes(1);
});

test('a canceled timer is never due', async () => {
  const act = vi.fn();
  const cancel = callAfter(2_500, act);
  await vi.advanceTimersByTimeAsync(1_700);
  cancel();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(act).not.toHaveBeenCalled();
});

test('a bounded wait ends with what it waits for, or with its bound', async () => {
  const ends: string[] = [];
  void waitAtMost(2_000, Promise.resolve()).then(() => ends.push('done'));
  void waitAtMost(2_000, new Promise(() => {})).then(() => ends.push('bound'));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(ends).toEqual(['done']);
  await vi.advanceTimersByTimeAsync(200);
  expect(ends).toEqual(['done', 'bound']);
});

test('silence begins again with each restart, and not after the stop', async () => {
  const onIdle = vi.fn();
  const watch = watchIdle(2_000, () => false, onIdle);
  for (const _ of [1, 2, 3]) {
    watch.restart();
    await vi.advanceTimersByTimeAsync(1_500);
  }
  expect(onIdle).not.toHaveBeenCalled();
  watch.stop();
  watch.restart();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onIdle).not.toHaveBeenCalled();
});
