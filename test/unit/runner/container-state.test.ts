import { expect, test } from 'vitest';
import { isUnresponsive, startRefusal } from '../../../src/runner/container-state.ts';

const BOOT_MS = 70_000;

test.each([
  ['healthy', 0, true],
  ['healthy', BOOT_MS + 1, true],
  ['running', 0, false],
  ['running', BOOT_MS, false],
  ['running', BOOT_MS + 1, true],
  // What the stop of an earlier container left there while this one was started.
  ['stopped', 0, false],
] as const)('a container without health that is %s for %i ms is unresponsive: %s', (status, forMs, unresponsive) => {
  const state = { status, lastChange: 1_000 };
  expect(isUnresponsive(state, state, BOOT_MS, 1_000 + forMs)).toBe(unresponsive);
});

test('a container that was started or woken during another health check is responsive', () => {
  const before = { status: 'healthy', lastChange: 1_000 } as const;
  expect(isUnresponsive(before, { status: 'healthy', lastChange: 2_000 }, BOOT_MS, 200_000)).toBe(false);
});

test.each([
  [
    'There is no Container instance that can be provided to this Durable Object, try again later',
    'at_capacity',
    /max_instances are running/,
  ],
  ['You are requesting too many containers per second', 'at_capacity', /Too many containers are being started/],
  ['Container exited before we could determine the container health, exit code: 1', 'internal', /could not be started.*the log/],
])('"%s" lets a job wait, and names what it waits for', (platformMessage, code, message) => {
  expect(startRefusal(new Error(platformMessage))).toEqual({ code, message: expect.stringMatching(message) });
});
