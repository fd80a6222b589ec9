import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './environment.ts';
import { Refusal } from './refusal.ts';

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

export interface Service {
  /** Where it listens. Rejects when it ends before it is ready. */
  url: Promise<string>;
  /** Ends it and what it started. */
  stop: () => Promise<void>;
}

/** What the gateway is told of a service. */
export interface Report {
  say: (line: string) => void;
  /** It ends again and again. */
  giveUp: (refusal: Refusal) => void;
}

// The whole gateway ends within 10 s of a signal.
const STOP_GRACE_MS = 8_000;
const MOST_STARTS = 5;
const STARTS_WINDOW_MS = 60_000;

interface Run {
  child: ChildProcess;
  url: Promise<string>;
  ended: Promise<void>;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals) {
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

function launch(spec: ServiceSpec, port: number, log: WriteStream): Run {
  const argv = ['--import', join(ROOT, 'scripts/leash.ts'), ...spec.argv(port)];
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

async function endRun({ child, ended }: Run) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}

/** Starts a service and starts it again, on the same port, when it ends by itself. */
export function startService(spec: ServiceSpec, report: Report): Service {
  const log = createWriteStream(spec.log, { mode: 0o600 });
  let run = launch(spec, 0, log);
  let isStopping = false;
  const { url } = run;

  const watch = async () => {
    const { port } = new URL(await url);
    const starts: number[] = [];
    for (;;) {
      await run.ended;
      if (isStopping) return;
      const now = Date.now();
      starts.push(now);
      if (starts.filter((start) => now - start < STARTS_WINDOW_MS).length >= MOST_STARTS)
        return report.giveUp(new Refusal(`${spec.title} ended ${MOST_STARTS} times within a minute: see ${spec.log}`));
      report.say(`${spec.title} ended and is started again (log: ${spec.log})`);
      run = launch(spec, Number(port), log);
      run.url.then(
        () => report.say(`${spec.title} is back`),
        () => {},
      );
    }
  };

  const stop = async () => {
    isStopping = true;
    await endRun(run);
    log.end();
  };

  watch().catch(() => {});
  return { url, stop };
}
