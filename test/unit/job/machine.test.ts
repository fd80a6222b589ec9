import { expect, test } from 'vitest';
import { before, isOver, STATES, type State } from '../../../src/job/machine.ts';

const ALLOWED: Record<State, State[]> = {
  held: ['canceled', 'failed', 'queued'],
  queued: ['running', 'failed', 'canceled'],
  running: ['completed', 'failed', 'canceled', 'orphaned'],
  completed: [],
  failed: [],
  canceled: [],
  orphaned: [],
};

const matrix = STATES.flatMap((from) => STATES.map((to) => ({ from, to, allowed: ALLOWED[from].includes(to) })));

test.each(matrix)('from $from to $to: $allowed', ({ from, to, allowed }) => {
  expect(before(to).includes(from)).toBe(allowed);
});

test('exactly the states without a way out are over', () => {
  expect(STATES.filter(isOver)).toEqual(['completed', 'failed', 'canceled', 'orphaned']);
});
