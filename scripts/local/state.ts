import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../cli/command-error.ts';

const DIRECTORIES = ['config', 'executor', 'home', 'logs', 'tmp', 'worker'];

const hasCode = (error: unknown, ...codes: string[]) =>
  error instanceof Error && 'code' in error && codes.some((code) => error.code === code);

function isAlive(pid: number) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** The trimmed text of a file, or undefined if it does not exist. */
export function readOptional(file: string) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Creates the state directory and locks it for this process. Returns a function that releases the lock. */
export function lockStateDirectory(directory: string): () => void {
  const lock = join(directory, 'gateway.pid');
  try {
    for (const name of DIRECTORIES) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
    const holder = Number(readOptional(lock));
    if (holder && holder !== process.pid && isAlive(holder))
      throw new CommandError(
        `The state directory ${directory} is in use by process ${holder}. Stop it or choose another with --state.`,
      );
    writeFileSync(lock, String(process.pid), { mode: 0o600 });
    // Files that a killed gateway left behind.
    for (const name of readdirSync(join(directory, 'tmp'))) rmSync(join(directory, 'tmp', name), { recursive: true });
  } catch (error) {
    if (error instanceof CommandError || !(error instanceof Error)) throw error;
    throw new CommandError(`Cannot write to the state directory ${directory}: ${error.message}. Choose another with --state.`);
  }
  return () => rmSync(lock, { force: true });
}
