import { expect, test } from 'vitest';
import { CLAIM_MS, mayTakeSlot } from '../../../container/runs/fairness.ts';

const NOW = 1_000_000;
const many = (account: string, count: number) => Array.from({ length: count }, () => account);

const cases: [string, string, string[], Record<string, number>, boolean][] = [
  ['any account takes a free slot', 'a', [], {}, true],
  ['no account takes a slot if none is free', 'b', many('a', 4), {}, false],
  ['an account with runs waits for one without that was recently refused', 'a', many('a', 3), { b: NOW }, false],
  ['an account without runs goes first', 'b', many('a', 3), { a: NOW, b: NOW }, true],
  ['accounts with equally many runs are served in order', 'a', ['a', 'b'], { b: NOW }, true],
  ['no account waits if there are slots for both', 'a', many('a', 2), { b: NOW }, true],
  ['one slot is kept for each waiting account', 'a', many('a', 2), { b: NOW, c: NOW }, false],
  ['an old refusal keeps no slot', 'a', many('a', 3), { b: NOW - CLAIM_MS }, true],
  ['its own refusal does not hold an account back', 'a', many('a', 3), { a: NOW }, true],
];

test.each(cases)('%s', (_name, account, running, refused, expected) => {
  expect(mayTakeSlot(account, { max: 4, running, refusedAt: new Map(Object.entries(refused)) }, NOW)).toBe(expected);
});

test('an account with few runs gets a slot beside one that retries all the time', () => {
  const running = many('busy', 4);
  const refusedAt = new Map([['few', NOW]]);
  running.pop();
  expect(mayTakeSlot('busy', { max: 4, running, refusedAt }, NOW + 1)).toBe(false);
  expect(mayTakeSlot('few', { max: 4, running, refusedAt }, NOW + 500)).toBe(true);
});
