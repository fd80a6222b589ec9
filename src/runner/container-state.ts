import type { State } from '@cloudflare/containers';
import type { ExecutorError } from '../../container/protocol.ts';
import { messageOf } from '../errors.ts';

type Observed = Pick<State, 'status' | 'lastChange'>;

/**
 * Whether a container that failed its health check is unresponsive, by its state before and after the check. A container that changed state
 * meanwhile was restarted or woken. One that was never healthy may still be booting, for at most `bootMs`.
 */
export const isUnresponsive = (before: Observed, { status, lastChange }: Observed, bootMs: number, now: number): boolean =>
  before.lastChange === lastChange && (status === 'healthy' || now - lastChange > bootMs);

/** The platform's errors when it has no room for a container, and what they mean. */
const NO_ROOM: [pattern: RegExp, message: string][] = [
  [
    /no container instance that can be provided/i,
    'No container is free now: max_instances are running, or the platform has no room.',
  ],
  [/too many containers per second/i, 'Too many containers are being started at once.'],
];

const NOT_STARTED = 'Its container could not be started. The operator finds the cause in the log of the Worker.';

/** The refusal for a container that could not be started. The job keeps its place in the queue. */
export function startRefusal(error: unknown): ExecutorError {
  const platformMessage = messageOf(error);
  const found = NO_ROOM.find(([pattern]) => pattern.test(platformMessage));
  return found ? { code: 'at_capacity', message: found[1] } : { code: 'internal', message: NOT_STARTED };
}
