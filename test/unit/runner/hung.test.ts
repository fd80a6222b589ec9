import { expect, test } from 'vitest';
import { isHung } from '../../../src/runner/hung.ts';

const BOOT_MS = 70_000;

test.each([
  ['healthy', 0, true],
  ['healthy', BOOT_MS + 1, true],
  ['running', 0, false],
  ['running', BOOT_MS, false],
  ['running', BOOT_MS + 1, true],
  // What the stop of an earlier container left there while this one was started.
  ['stopped', 0, false],
] as const)('a container without health that is %s for %i ms hangs: %s', (status, forMs, hangs) => {
  const state = { status, lastChange: 1_000 };
  expect(isHung(state, state, BOOT_MS, 1_000 + forMs)).toBe(hangs);
});

test('a container that was started or woken while another question for its health was open does not hang', () => {
  const before = { status: 'healthy', lastChange: 1_000 } as const;
  expect(isHung(before, { status: 'healthy', lastChange: 2_000 }, BOOT_MS, 200_000)).toBe(false);
});
