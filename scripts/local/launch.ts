import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { Refusal } from '../cli/refusal.ts';
import { ROOT } from './environment.ts';

/** A process that the gateway needs. It prints one line of JSON with `listening`, its URL, when it is ready. */
export interface ServiceSpec {
  /** As the operator reads it: "The executor". */
  title: string;
  /** Script and its arguments, for this Node. The port is 0 at the first start and the one it got after that. */
  argv: (port: number) => string[];
  env: (port: number) => NodeJS.ProcessEnv;
  /** Sent over the IPC channel: what must show neither in argv nor in the environment. */
  message?: Record<string, unknown>;
  log: string;
}

// The whole gateway ends within 10 s of a signal.
const STOP_GRACE_MS = 8_000;

/** A started process. */
export interface Run {
  child: ChildProcess;
  /** Where it listens. Rejects when it ends before it is ready. */
  url: Promise<string>;
  ended: Promise<void>;
}

/** Sends a signal to a process and to all that it started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals) {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

function listeningIn(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' && said && 'listening' in said ? String(said.listening) : undefined;
  } catch {
    return undefined;
  }
}

/** The line of a log that tells most: the last error, or else the last line. */
function failureIn(file: string) {
  const lines = stripVTControlCharacters(readFileSync(file, 'utf8')).trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
}

function waitForUrl(spec: ServiceSpec, child: ChildProcess, ended: Promise<void>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = listeningIn(line);
      if (url) resolve(url);
    });
  ended.then(() => reject(new Refusal(`${spec.title} did not start: ${failureIn(spec.log)} (log: ${spec.log})`)));
  return promise;
}

/** Starts a process; its output goes to a log. */
export function launch(spec: ServiceSpec, port: number, log: WriteStream): Run {
  const argv = ['--import', join(ROOT, 'scripts/local/exit-with-parent.ts'), ...spec.argv(port)];
  // A group of its own: the terminal's Ctrl-C reaches the gateway alone, and leftovers can be ended together.
  const child = spawn(process.execPath, argv, {
    cwd: ROOT,
    detached: true,
    env: spec.env(port),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const ended = once(child, 'close').then(() => signalGroup(child, 'SIGKILL'));
  const url = waitForUrl(spec, child, ended);
  url.catch(() => {});
  if (spec.message) child.send(spec.message);
  return { child, url, ended };
}

/** Ends a process politely, and by force when that takes too long. */
export async function endRun({ child, ended }: Run) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}
