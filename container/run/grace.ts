import type { NewEvent } from '../spool/spool.ts';
import { watchIdle } from './timers.ts';

/** Events that belong to a turn. A turn that the CLI starts after its result restarts the grace period. */
const TURN_EVENTS: ReadonlySet<NewEvent['kind']> = new Set([
  ...(['init', 'text', 'thinking', 'tool_start', 'tool_end', 'ask', 'answered', 'retry', 'result'] as const),
]);

const isAnswer = (event: NewEvent) => event.kind === 'result' && !event.isError;

/**
 * Calls `onOver` when a run has a successful result and then no event of a turn for `ms`; never if `ms` is undefined. While `isExcused()`
 * is true, the period does not end.
 */
export function watchResult(ms: number | undefined, isExcused: () => boolean, onOver: () => void) {
  const period = ms === undefined ? undefined : watchIdle(ms, isExcused, onOver);
  let isAnswered = false;
  return {
    see: (events: NewEvent[]) => {
      isAnswered ||= events.some(isAnswer);
      if (isAnswered && events.some(({ kind }) => TURN_EVENTS.has(kind))) period?.restart();
    },
    stop: () => period?.stop(),
  };
}
