import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Refusal } from '../errors.ts';

/** The directory that holds an account's sessions and workspaces. */
export function accountDirectory(stateDirectory: string, account: string): string {
  return join(stateDirectory, 'accounts', account);
}

/**
 * Resolves a request's `workingDir` with its symbolic links, and returns its path relative to a base directory.
 * Throws a refusal if it lies outside the base or is not a directory.
 */
export async function findWorkingDir(base: string, workingDir: string): Promise<string> {
  const refuse = (why: string) => new Refusal('bad_request', `workingDir ${JSON.stringify(workingDir)} ${why}.`);
  if (isAbsolute(workingDir) || escapes(relative(base, resolve(base, workingDir))))
    throw refuse('is outside its workspace. Use a relative path inside it');
  const missing = () => {
    throw refuse('is not a directory of its workspace. Create it first, or omit workingDir');
  };
  const target = await realpath(join(base, workingDir)).catch(missing);
  const inside = relative(await realpath(base), target);
  if (escapes(inside)) throw refuse('is outside its workspace, because of a symbolic link');
  if (!(await stat(target)).isDirectory()) return missing();
  return inside;
}

/** True if a relative path leaves its base. */
export function escapes(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
