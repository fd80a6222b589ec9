import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { startTimeOf } from '../containment/processes.ts';
import { readJsonFile, writeJsonFile } from './files.ts';

const StateId = z.object({ id: z.uuid() });
const StateOwner = z.object({ pid: z.int(), start: z.string().optional() });

/** Returns the id of a state directory, made on first use and stored in it. */
export async function loadStateId(stateDirectory: string): Promise<string> {
  const path = join(stateDirectory, 'state.json');
  const known = await readJsonFile(path, StateId);
  const { id } = known ?? { id: randomUUID() };
  if (known === undefined) await writeJsonFile(path, { id });
  return id;
}

/** Locks a state directory for this process, because a second executor would end the first one's runs. Returns the unlock. */
export async function lockStateDirectory(stateDirectory: string): Promise<() => Promise<void>> {
  const path = join(stateDirectory, 'executor.json');
  const owner = await readJsonFile(path, StateOwner);
  if (owner !== undefined && owner.pid !== process.pid && owner.start !== undefined && startTimeOf(owner.pid) === owner.start)
    throw new Error(`Another executor (process ${owner.pid}) uses ${stateDirectory}: end it, or set another EXECUTOR_STATE.`);
  await writeJsonFile(path, { pid: process.pid, start: startTimeOf(process.pid) });
  return () => rm(path, { force: true });
}
