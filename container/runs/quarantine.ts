import { chmod, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { PRIVATE_DIRECTORY, removeTree } from '../state/files.ts';
import { runPaths } from './record.ts';

/** Directory of the quarantined runs. */
export const quarantineOf = (stateDirectory: string) => join(stateDirectory, 'quarantine');

/** Moves a run whose files cannot be used out of the way, and logs why. Never throws, because the other runs have to continue. */
export async function quarantineRun(stateDirectory: string, id: string, cause: unknown): Promise<void> {
  const { directory } = runPaths(stateDirectory, id);
  const target = join(quarantineOf(stateDirectory), id);
  console.error(`Run ${id} cannot be recovered (${messageOf(cause)}). Its files are moved to ${target}.`);
  try {
    await mkdir(quarantineOf(stateDirectory), { recursive: true, mode: PRIVATE_DIRECTORY });
    await removeTree(target);
    // A directory without write permission cannot be moved.
    if ((await stat(directory)).isDirectory()) await chmod(directory, PRIVATE_DIRECTORY);
    await rename(directory, target);
  } catch (error) {
    console.error(`Run ${id} could not be moved: ${messageOf(error)}`);
  }
}

/** Ids of the quarantined runs. Removes those that are older than `maxMs`. */
export async function listQuarantine(stateDirectory: string, maxMs: number, now: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (const id of await readdir(quarantineOf(stateDirectory)).catch(() => [])) {
    const path = join(quarantineOf(stateDirectory), id);
    try {
      // The move is the last change of its directory entry.
      if (now - (await stat(path)).ctimeMs > maxMs) await removeTree(path);
      else found.add(id);
    } catch (error) {
      found.add(id);
      console.error(`Run ${id} could not be removed: ${messageOf(error)}`);
    }
  }
  return found;
}
