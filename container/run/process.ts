import { once } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { ProcessPlan } from '../containment/containment.ts';
import { spawnPlan } from '../containment/spawn.ts';

/** How a process ended, in a shell's terms: after a signal, the code is 128 + its number. */
export interface ProcessExit {
  code: number | null;
  signal: string | null;
}

/** A started process, which leads a process group. */
export interface Child {
  pid: number;
  stdout: Readable;
  stderr: Readable;
  exited: Promise<ProcessExit>;
}

/** Starts argv without a shell. Rejects if the system cannot start it. */
export async function startProcess(plan: ProcessPlan, stdin: Readable): Promise<Child> {
  const { child, ...streams } = spawnPlan(plan);
  const [stdout, stderr] = [buffered(streams.stdout), buffered(streams.stderr)];
  const exited = new Promise<ProcessExit>((resolve) => child.once('exit', (code, signal) => resolve(exitOf(code, signal))));
  // A CLI may exit or close its stdin before it has read all input.
  streams.stdin.on('error', () => {});
  stdin.pipe(streams.stdin);
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error(`${plan.argv[0]} has no process id.`);
  return { pid: child.pid, stdout, stderr, exited };
}

/** Keeps output for a later reader, because Node discards unread output when a process exits. */
const buffered = (output: Readable): Readable => pipeline(output, new PassThrough(), () => {});

/** Derives code and signal from each other, because the first process of a namespace reports a signal as a code. */
function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  if (signal !== null) return { code: 128 + constants.signals[signal], signal };
  const named = Object.entries(constants.signals).find(([, number]) => code === 128 + number);
  return { code, signal: named?.[0] ?? null };
}
