import type { ExecutorError } from '../../container/protocol.ts';
import { messageOf } from '../errors.ts';

/** What the platform says where there is no room, and what it means. */
const NO_ROOM: [said: RegExp, message: string][] = [
  [
    /no container instance that can be provided/i,
    'No container is free now: max_instances are running, or the platform has no room.',
  ],
  [/too many containers per second/i, 'Too many containers are being started at once.'],
];

const BROKEN = 'Its container could not be started. The operator finds why in the log of the Worker.';

/** Why an account and workspace has no container now. The job keeps its place either way. */
export function noContainer(error: unknown): ExecutorError {
  const said = messageOf(error);
  const found = NO_ROOM.find(([pattern]) => pattern.test(said));
  return found ? { code: 'at_capacity', message: found[1] } : { code: 'internal', message: BROKEN };
}
