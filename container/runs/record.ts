import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRequest } from '../protocol.ts';

/** run.json: the part of a run that outlives the executor's process. It holds no prompt and no token. Times are ms since 1970. */
export const RunRecord = z.object({
  /** Digest of the request, to recognize a repeated one. */
  digest: z.string(),
  sessionId: z.string(),
  /** Directory of a session that is removed with the run. */
  ephemeralSession: z.string().optional(),
  /** Set until the run starts. `madeSession` is a new session's directory, removed if the run never starts. */
  preparing: z.object({ madeSession: z.string().optional() }).optional(),
  /** Tag of the run's processes; empty if it never had any. */
  processTag: z.string().default(''),
  createdAt: z.number(),
  /** Set once the exit event is acknowledged. The log is removed then, and `last` is its last seq. */
  acknowledged: z.object({ last: z.int(), at: z.number() }).optional(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** Paths of a run's files. */
export function runPaths(stateDirectory: string, id: string) {
  const directory = join(stateDirectory, 'runs', id);
  return { directory, record: join(directory, 'run.json'), spool: join(directory, 'spool'), tmp: join(directory, 'tmp') };
}

/** Hashes a request, independent of its protocol version and of the order of its keys. */
export function digestRequest({ protocol, ...request }: RunRequest): string {
  return createHash('sha256').update(JSON.stringify(request, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}
