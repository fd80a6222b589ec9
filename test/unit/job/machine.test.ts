import { expect, test } from 'vitest';
import { isOver, STATES, type State, statesBefore } from '../../../src/job/machine.ts';

/** The states in which a job is created. */
const CREATED: State[] = ['held', 'queued'];
const isActive = (state: State) => !isOver(state);
const nextOf = (from: State) => STATES.filter((to) => statesBefore(to).includes(from));

/** The states that a job which is in one of `from` can be in, now or later. */
function reachable(from: State[]): State[] {
  const further = STATES.filter((state) => from.includes(state) || statesBefore(state).some((before) => from.includes(before)));
  return further.length === from.length ? further : reachable(further);
}

test('a state is over exactly if it has no way out', () => {
  for (const state of STATES) expect({ state, next: nextOf(state).length > 0 }).toEqual({ state, next: isActive(state) });
});

test('a created job can come to every state, and to a run only through the queue', () => {
  expect(reachable(CREATED)).toEqual(STATES);
  expect(statesBefore('running')).toEqual(['queued']);
});

test('no job comes back to a state that it left', () => {
  for (const state of STATES) expect(reachable(nextOf(state))).not.toContain(state);
});

test.each(STATES.filter(isActive))('a %s job can be canceled, and can fail, at once', (state) => {
  expect(nextOf(state)).toEqual(expect.arrayContaining(['canceled', 'failed']));
});

test('only a job that ran is completed or orphaned', () => {
  expect(STATES.filter((to) => nextOf('running').includes(to) && statesBefore(to).length === 1)).toEqual([
    'completed',
    'orphaned',
  ]);
});
