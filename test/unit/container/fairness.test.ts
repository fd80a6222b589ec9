import { expect, test } from 'vitest';
import { CLAIM_MS, mayTakeSlot } from '../../../container/runs/fairness.ts';

const NOW = 1_000_000;
const many = (account: string, count: number) => Array.from({ length: count }, () => account);

const cases: [string, string, string[], Record<string, number>, boolean][] = [
  ['anybody takes a free slot', 'a', [], {}, true],
  ['nobody takes a slot where none is free', 'b', many('a', 4), {}, false],
  ['an account with runs waits for one without that was refused lately', 'a', many('a', 3), { b: NOW }, false],
  ['an account without runs goes first', 'b', many('a', 3), { a: NOW, b: NOW }, true],
  ['equals come first come first served', 'a', ['a', 'b'], { b: NOW }, true],
  ['slots enough for both make nobody wait', 'a', many('a', 2), { b: NOW }, true],
  ['one slot is kept for each that waits', 'a', many('a', 2), { b: NOW, c: NOW }, false],
  ['a refusal of long ago keeps nothing', 'a', many('a', 3), { b: NOW - CLAIM_MS }, true],
  ['its own refusal does not hold an account back', 'a', many('a', 3), { a: NOW }, true],
];

test.each(cases)('%s', (_name, account, running, refused, expected) => {
  expect(mayTakeSlot(account, { max: 4, running, refusedAt: new Map(Object.entries(refused)) }, NOW)).toBe(expected);
});

test('an account with few runs gets its turn beside one that asks all the time', () => {
  const running = many('busy', 4);
  const refusedAt = new Map([['few', NOW]]);
  running.pop();
  expect(mayTakeSlot('busy', { max: 4, running, refusedAt }, NOW + 1)).toBe(false);
  expect(mayTakeSlot('few', { max: 4, running, refusedAt }, NOW + 500)).toBe(true);
});
