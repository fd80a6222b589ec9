import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, pipeline, type Readable } from 'node:stream';

/** How a process ended, as a shell tells it: a death by signal has the code 128 + its number. */
export interface Exit {
  code: number | null;
  signal: string | null;
}

/** A started process, its own group. */
export interface Child {
  pid: number;
  stdout: Readable;
  stderr: Readable;
  exited: Promise<Exit>;
}

/** Starts argv without a shell. Rejects when the system cannot start it. */
export async function startProcess(
  argv: string[],
  options: { cwd: string; env: Record<string, string>; stdin: Readable },
): Promise<Child> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: 'pipe', detached: true });
  const [stdout, stderr] = [kept(child.stdout), kept(child.stderr)];
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve(exitOf(code, signal))));
  // A CLI may end, or close its stdin, before it has read all of it.
  child.stdin.on('error', () => {});
  options.stdin.pipe(child.stdin);
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error(`${file} has no process id.`);
  return { pid: child.pid, stdout, stderr, exited };
}

/** When a process exits, Node throws away what it wrote and nobody has begun to read. */
const kept = (output: Readable): Readable => pipeline(output, new PassThrough(), () => {});

/** In a namespace the first process reports a signal as a code; here both ways become one. */
function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal !== null) return { code: 128 + constants.signals[signal], signal };
  const named = Object.entries(constants.signals).find(([, number]) => code === 128 + number);
  return { code, signal: named?.[0] ?? null };
}
