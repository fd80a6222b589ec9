import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { startOf } from './containment/processes.ts';
import { readJson, writeJson } from './state/files.ts';

const Owner = z.object({ pid: z.int(), start: z.string().optional() });

/** Takes a state directory for this process, because a second executor would end the first one's runs. Gives the release. */
export async function lockState(stateDirectory: string): Promise<() => Promise<void>> {
  const path = join(stateDirectory, 'executor.json');
  const owner = await readJson(path, Owner);
  if (owner !== undefined && owner.pid !== process.pid && owner.start !== undefined && startOf(owner.pid) === owner.start)
    throw new Error(`Another executor (process ${owner.pid}) uses ${stateDirectory}: end it, or set another EXECUTOR_STATE.`);
  await writeJson(path, { pid: process.pid, start: startOf(process.pid) });
  return () => rm(path, { force: true });
}
