import { type ChildProcess, spawn } from 'node:child_process';

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { parsedJson } from '../../container/providers/json.ts';
import { CommandError } from '../cli/command-error.ts';
import { ROOT } from './environment.ts';
import { readOptional } from './state.ts';

/** A process of the gateway. When it is ready it prints one line of JSON whose field `listening` is its URL. */
export interface ServiceSpec {
  /** Name in messages to the operator, such as "The executor". */
  title: string;
  /** The port to listen on. By default one is assigned at the first start, and used again at every restart. */
  port?: number;
  /** The script and its arguments. The port is 0 where one has to be assigned. */
  argv: (port: number) => string[];
  env: (port: number) => NodeJS.ProcessEnv;
  /** Sent over IPC, because argv and environment of a process are visible to others. */
  message?: Record<string, unknown>;
  /** Path of the log file. */
  log: string;
}

// The whole gateway ends within 10 s of a signal.
const STOP_GRACE_MS = 8_000;

/** A started process. */
export interface LaunchedProcess {
  child: ChildProcess;
  /** The URL that it listens on. Rejects if it ends before it is ready. */
  url: Promise<string>;
  ended: Promise<void>;
}

/** Sends a signal to a process and its descendants. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals) {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // The group has ended.
  }
}

const Report = z.object({ listening: z.string() });

/** The last line of a log that mentions an error, or else its last line. The log is missing if the disk took none. */
function failureIn(file: string) {
  const lines = stripVTControlCharacters(readOptional(file) ?? 'its log could not be written').split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
}

function waitForUrl(spec: ServiceSpec, child: ChildProcess, ended: Promise<void>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (child.stdout)
    createInterface({ input: child.stdout })
      .on('error', () => {})
      .on('line', (line) => {
        const report = Report.safeParse(parsedJson(line));
        if (report.success) resolve(report.data.listening);
      });
  ended.then(() => reject(new CommandError(`${spec.title} did not start: ${failureIn(spec.log)} (log: ${spec.log})`)));
  return promise;
}

/** Starts a process and appends its output to a log. */
export function launch(spec: ServiceSpec, port: number, log: Writable): LaunchedProcess {
  const argv = ['--import', join(ROOT, 'scripts/local/exit-with-parent.ts'), ...spec.argv(port)];
  // A process group of its own: the terminal's Ctrl-C reaches the gateway only, and leftover descendants can be killed together.
  const child = spawn(process.execPath, argv, {
    cwd: ROOT,
    detached: true,
    env: spec.env(port),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const output of [child.stdout, child.stderr]) output?.on('error', () => {}).pipe(log, { end: false });
  // A failed start has no end, and a failed message or signal is followed by one.
  const failedStart = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      log.write(`${error.message}\n`);
      if (child.pid === undefined) resolve();
    });
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const ended = Promise.race([closed, failedStart]).then(() => signalGroup(child, 'SIGKILL'));
  const url = waitForUrl(spec, child, ended);
  url.catch(() => {});
  if (spec.message) child.send(spec.message);
  return { child, url, ended };
}

/** Sends SIGTERM to a process, and SIGKILL to its group if it has not ended after the grace period. */
export async function endProcess({ child, ended }: LaunchedProcess) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}
