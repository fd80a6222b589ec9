import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Refusal } from '../errors.ts';

/** The directory that all of an account's sessions and workspaces lie in. */
export function accountDirectory(stateDirectory: string, account: string): string {
  return join(stateDirectory, 'accounts', account);
}

/**
 * The relative path from a base directory to the directory that a request means by `workingDir`, symbolic links resolved.
 * Refuses what lies outside the base, and what is no directory.
 */
export async function findWorkingDir(base: string, workingDir: string): Promise<string> {
  const refuse = (why: string) => new Refusal('bad_request', `workingDir ${JSON.stringify(workingDir)} ${why}.`);
  if (isAbsolute(workingDir) || climbs(relative(base, resolve(base, workingDir))))
    throw refuse('leaves its workspace: give a path inside it');
  const missing = () => {
    throw refuse('is no directory of its workspace: make it first, or leave it out');
  };
  const target = await realpath(join(base, workingDir)).catch(missing);
  const inside = relative(await realpath(base), target);
  if (climbs(inside)) throw refuse('leaves its workspace by a symbolic link');
  if (!(await stat(target)).isDirectory()) return missing();
  return inside;
}

function climbs(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
