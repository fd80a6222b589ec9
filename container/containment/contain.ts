import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../errors.ts';
import { listProcesses, TAG_VARIABLE } from './processes.ts';

/** Default of RLIMIT_MSGQUEUE, in bytes. Tags are lower, so that no other process has one by chance. */
const MSGQUEUE_DEFAULT = 819_200;

/** Longest time for processes to end after SIGKILL, in ms. */
const KILL_MAX_MS = 10_000;
const KILL_INTERVAL_MS = 10;
const PROBE_MAX_MS = 5_000;

/** A way to find and end all processes of a run. */
export interface Containment {
  kind: 'namespace' | 'scan';
  /** Returns an argv that starts `argv` with a tag that all its descendants inherit. */
  wrap: (tag: string, argv: string[]) => string[];
  /** Variables that carry the tag. */
  environment: (tag: string) => Record<string, string>;
  /** Sends a signal to the CLI and its process group; `pid` is the process that wrap()'s argv started. */
  signal: (pid: number, signal: NodeJS.Signals) => void;
}

/**
 * Creates a process tag: a pair of unusual limits for POSIX message queues, soft and hard. Every descendant inherits them,
 * even through setsid, double forks and a cleared environment, and no privilege is needed to lower them.
 */
export function newProcessTag(): string {
  const half = MSGQUEUE_DEFAULT / 2;
  return `${randomInt(1, half)}:${randomInt(half, MSGQUEUE_DEFAULT)}`;
}

/** Sends SIGKILL to all processes with a tag and their descendants, until none is left. */
export async function killTagged(processTag: string): Promise<void> {
  const deadline = Date.now() + KILL_MAX_MS;
  for (let left = findTagged(processTag); left.length > 0; left = findTagged(processTag)) {
    if (Date.now() > deadline) throw new Error(`Processes ${left.join(', ')} still exist ${KILL_MAX_MS} ms after SIGKILL.`);
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    await delay(KILL_INTERVAL_MS);
  }
}

/** Returns the strongest containment that works on this machine. */
export async function chooseContainment(wanted: 'auto' | 'scan'): Promise<Containment> {
  for (const candidate of CANDIDATES.filter(({ kind }) => wanted === 'auto' || kind === wanted))
    if (await isUsable(candidate)) return candidate;
  return byEnvironment;
}

// The kernel tags the CLI, and ends it when the executor ends.
const tagged = (tag: string) => ['setpriv', '--pdeathsig', 'KILL', '--', 'prlimit', `--msgqueue=${tag}`, '--'];
const UNSHARE = ['--pid', '--fork', '--kill-child=KILL', '--mount-proc', '--'];
// Process 1 of a namespace ignores signals that it does not handle, so `timeout` (without a limit) is process 1, not the CLI.
const FIRST_PROCESS = ['timeout', '--foreground', '0', 'setsid'];

const byNamespace = namespaceWith(['unshare', ...UNSHARE]);
const byUserNamespace = namespaceWith(['unshare', '--user', '--map-current-user', ...UNSHARE]);
const byLimits: Containment = {
  kind: 'scan',
  wrap: (tag, argv) => [...tagged(tag), ...argv],
  environment: () => ({}),
  signal: (pid, signal) => sendSignal(-pid, signal),
};
const byEnvironment: Containment = {
  ...byLimits,
  wrap: (_tag, argv) => argv,
  environment: (tag) => ({ [TAG_VARIABLE]: tag }),
};
const CANDIDATES = [byNamespace, byUserNamespace, byLimits];

function namespaceWith(unshare: string[]): Containment {
  return {
    kind: 'namespace',
    wrap: (tag, argv) => [...tagged(tag), ...unshare, ...FIRST_PROCESS, ...argv],
    environment: () => ({}),
    signal: (pid, signal) => {
      const rows = listProcesses();
      const first = rows.find(({ parent }) => parent === pid);
      const cli = rows.find(({ parent }) => parent === first?.pid);
      // Without a child, the namespace is still being made and the CLI has not started.
      if (cli === undefined || !sendSignal(-cli.pid, signal)) sendSignal(pid, 'SIGKILL');
    },
  };
}

async function isUsable({ wrap }: Containment): Promise<boolean> {
  const [file = '', ...args] = wrap(newProcessTag(), ['true']);
  return promisify(execFile)(file, args, { timeout: PROBE_MAX_MS, killSignal: 'SIGKILL' }).then(
    () => true,
    () => false,
  );
}

function findTagged(processTag: string): number[] {
  const rows = listProcesses().filter(({ pid }) => pid !== process.pid);
  const found = new Set(rows.filter((row) => row.hasTag(processTag)).map(({ pid }) => pid));
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Returns false if there is no such process or group. */
function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH' || errnoOf(error) === 'EPERM') return false;
    throw error;
  }
}
