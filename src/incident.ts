import { OWNER } from './caller.ts';
import { readConfig } from './config.ts';
import { type Failure, messageOf } from './errors.ts';
import { executorOf } from './runner/executor.ts';

/** How the stores and the executor word a full disk. */
const FULL = /SQLITE_FULL|ENOSPC|disk is full|no space left/i;
/** How the runtime words a failure of its own. */
const RUNTIME = /^internal error/i;
/** Free bytes below which a failure of the runtime counts as one of a full disk. */
const MIN_FREE_BYTES = 1_048_576;

/** Whether the objects' disk is full. On one machine the executor is on the same disk, and the runtime does not name the cause. */
async function isDiskFull(error: unknown, env: Env): Promise<boolean> {
  const message = messageOf(error);
  if (FULL.test(message)) return true;
  const config = readConfig(env);
  if (!RUNTIME.test(message) || config.executorUrl === undefined) return false;
  const health = await executorOf(env, config, OWNER, 'default').health();
  return health.kind === 'ok' && health.value.freeDiskBytes < MIN_FREE_BYTES;
}

/** What was thrown, as a failure: a full disk, or an error of the gateway itself, whose caller gets a number to quote. The log gets the error. */
export async function incidentOf(error: unknown, env: Env, facts: Record<string, string> = {}): Promise<Failure> {
  const isFull = await isDiskFull(error, env).catch(() => false);
  const failure: Failure = isFull ? { code: 'disk_full' } : { code: 'internal', incident: crypto.randomUUID().slice(0, 8) };
  console.error(
    JSON.stringify({ ...failure, ...facts, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  return failure;
}
