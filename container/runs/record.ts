import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRequest } from '../protocol.ts';

/** run.json: what outlives the executor's process. The request itself, with its token, is not kept. Times are ms since 1970. */
export const RunRecord = z.object({
  /** Of the request, to tell a repeated one from another one. */
  digest: z.string(),
  sessionId: z.string(),
  /** Directory of a session that is not to outlive the run. */
  passingSession: z.string().optional(),
  /** Set while the run is being prepared: its CLI has not been started. `madeSession` is a directory that goes with it. */
  preparing: z.object({ madeSession: z.string().optional() }).optional(),
  mark: z.string(),
  createdAt: z.number(),
  /** Set when the exit event has been acknowledged: the log is gone, its length is known. */
  acknowledged: z.object({ last: z.int(), at: z.number() }).optional(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** Where a run's files lie. */
export function runPaths(stateDirectory: string, id: string) {
  const directory = join(stateDirectory, 'runs', id);
  return { directory, record: join(directory, 'run.json'), spool: join(directory, 'spool'), tmp: join(directory, 'tmp') };
}

/** Equal for requests that ask for the same, in whatever order their keys come. */
export function digestOf({ protocol, ...request }: RunRequest): string {
  return createHash('sha256').update(JSON.stringify(request, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}
