/** The states of a job. Why it is there is the `reason` beside it; see README.md for the diagram. */
export const STATES = ['held', 'queued', 'running', 'completed', 'failed', 'canceled', 'orphaned'] as const;
export type State = (typeof STATES)[number];

const NEXT = {
  held: ['queued', 'failed', 'canceled'],
  queued: ['running', 'failed', 'canceled'],
  running: ['completed', 'failed', 'canceled', 'orphaned'],
  completed: [],
  failed: [],
  canceled: [],
  orphaned: [],
} as const satisfies Record<State, readonly State[]>;

/** The states that a job can be in just before it is in `to`. */
export const before = (to: State): State[] => STATES.filter((from) => NEXT[from].some((next) => next === to));

/** A job that is over never changes again. */
export const isOver = (state: State): boolean => NEXT[state].length === 0;
