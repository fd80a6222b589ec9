import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startTimeOf } from '../../container/containment/processes.ts';
import { parsedJson } from '../../container/providers/json.ts';
import { CommandError } from '../cli/command-error.ts';

const DIRECTORIES = ['config', 'executor', 'home', 'logs', 'tmp', 'worker'];

const hasCode = (error: unknown, ...codes: string[]) =>
  error instanceof Error && 'code' in error && codes.some((code) => error.code === code);

/** The trimmed text of a file, or undefined if it does not exist. */
export function readOptional(file: string) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** The process that uses a state directory, and the URL for MCP clients once it is ready. */
const Holder = z.object({ pid: z.int(), start: z.string(), url: z.string().optional() });

const lockOf = (directory: string) => join(directory, 'gateway.pid');

/** The running gateway of a state directory, or undefined if none runs. A pid alone may belong to another program by now. */
export function gatewayIn(directory: string) {
  const holder = Holder.safeParse(parsedJson(readOptional(lockOf(directory)) ?? '')).data;
  return holder && startTimeOf(holder.pid) === holder.start ? holder : undefined;
}

/** A locked state directory. */
export interface StateLock {
  /** Stores the gateway's URL for MCP clients, by which other commands find it. */
  record: (url: string) => void;
  release: () => void;
}

/** Creates the state directory and locks it for this process. Refuses a directory that another gateway uses. */
export function lockStateDirectory(directory: string): StateLock {
  const lock = lockOf(directory);
  const own = { pid: process.pid, start: startTimeOf(process.pid) };
  const record = (url?: string) => writeFileSync(lock, JSON.stringify({ ...own, url }), { mode: 0o600 });
  try {
    for (const name of DIRECTORIES) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
    const holder = gatewayIn(directory);
    if (holder && holder.pid !== process.pid)
      throw new CommandError(
        `The state directory ${directory} is in use by process ${holder.pid}. Stop it or choose another with --state.`,
      );
    record();
    // Files that a killed gateway left behind, and wrangler's logs of earlier starts.
    for (const name of ['tmp', 'logs'])
      for (const entry of readdirSync(join(directory, name))) rmSync(join(directory, name, entry), { recursive: true });
  } catch (error) {
    if (error instanceof CommandError || !(error instanceof Error)) throw error;
    throw new CommandError(`Cannot write to the state directory ${directory}: ${error.message}. Choose another with --state.`);
  }
  return { record, release: () => rmSync(lock, { force: true }) };
}
