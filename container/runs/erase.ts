import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Refusal } from '../errors.ts';
import type { Executor } from '../executor.ts';
import { RunId } from '../protocol.ts';
import { removeTree } from '../state/files.ts';
import { eraseSession, sessionDirectory, sessionsBefore } from '../state/sessions.ts';
import { holdSession } from './admit.ts';
import { quarantineOf } from './quarantine.ts';
import { runPaths } from './record.ts';
import type { Runs } from './runs.ts';

/** Query of DELETE /runs/:id/files, which removes what is left of a run that is over, and the session, if it is named. */
export const LeftFiles = z.object({ account: RunId, provider: z.string().max(32), session: z.uuid().optional() });
type LeftFiles = z.infer<typeof LeftFiles>;

const DAY_MS = 86_400_000;

/** Removes a session that no run uses. Throws a refusal for one in use. */
async function eraseUnused(executor: Executor, directory: string): Promise<void> {
  const release = holdSession(executor, directory);
  await eraseSession(directory).finally(release);
}

/** Removes what is left of a run that is over, and its session if that is named. Idempotent. Throws a refusal for a live run or session. */
export async function eraseRun(
  { executor, entries }: Runs,
  id: string,
  { account, provider, session }: LeftFiles,
): Promise<void> {
  const { config, live, providers } = executor;
  const known = await entries.get(id)?.ready.catch(() => undefined);
  if (live.has(id) || known?.spool?.isEnded() === false)
    throw new Refusal('session_busy', `Run ${id} has not ended. Cancel it first.`);
  if (!Object.hasOwn(providers, provider)) throw new Refusal('unknown_provider', `Unknown provider ${provider}.`);
  if (session !== undefined)
    await eraseUnused(executor, sessionDirectory(config.stateDirectory, { account, provider, id: session }));
  await removeTree(runPaths(config.stateDirectory, id).directory);
  await removeTree(join(quarantineOf(config.stateDirectory), id));
  executor.quarantined.delete(id);
  entries.delete(id);
}

/** Removes the sessions that no run used for the retention. One that cannot be removed is logged and stays. */
export async function sweepSessions(executor: Executor): Promise<void> {
  const { stateDirectory, retentionDays } = executor.config;
  for (const directory of await sessionsBefore(stateDirectory, executor.now() - retentionDays * DAY_MS))
    await eraseUnused(executor, directory).catch((error) =>
      console.error(`Session ${directory} could not be removed: ${messageOf(error)}`),
    );
}
