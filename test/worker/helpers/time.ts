import { onTestFinished } from 'vitest';
import { clock } from '../../../src/clock.ts';

const original = clock.now;

/** Moves the time that accounts and jobs read, until the end of the test. */
export function passTime(ms: number): void {
  const { now } = clock;
  clock.now = () => now() + ms;
  onTestFinished(() => {
    clock.now = original;
  });
}
