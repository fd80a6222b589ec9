/** States of a job that may still change. */
export const ACTIVE_STATES = ['held', 'queued', 'running'] as const;
/** States of a job that is over. They never change. */
export const TERMINAL_STATES = ['completed', 'failed', 'canceled', 'orphaned'] as const;
/** The states of a job. Why a job is in one is the `reason` beside it; README.md has the diagram. */
export const STATES = [...ACTIVE_STATES, ...TERMINAL_STATES] as const;
export type State = (typeof STATES)[number];

const NEXT = {
  held: ['queued', 'failed', 'canceled'],
  queued: ['running', 'failed', 'canceled'],
  running: ['completed', 'failed', 'canceled', 'orphaned'],
} as const satisfies Record<(typeof ACTIVE_STATES)[number], readonly State[]>;

/** The states from which a job may change to `to`. */
export const statesBefore = (to: State): State[] => ACTIVE_STATES.filter((from) => NEXT[from].some((next) => next === to));

/** Whether a job in this state has ended. */
export const isOver = (state: State): boolean => TERMINAL_STATES.some((terminal) => terminal === state);
