import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../errors.ts';
import { listProcesses, MARK_VARIABLE } from './processes.ts';

/** Default of RLIMIT_MSGQUEUE, in bytes: marks lie below it, so that no other process has one by chance. */
const MSGQUEUE_DEFAULT = 819_200;

/** How long the processes of a run may take to vanish after SIGKILL, in ms. */
const KILL_MAX_MS = 10_000;
const KILL_ROUND_MS = 10;
const PROBE_MAX_MS = 5_000;

/** Keeps the processes of a run together, so that none outlives it. */
export interface Containment {
  kind: 'namespace' | 'scan';
  /** The argv that starts `argv` with a mark that all its descendants inherit. */
  wrap: (mark: string, argv: string[]) => string[];
  /** What the mark adds to the environment. */
  environment: (mark: string) => Record<string, string>;
  /** Sends a signal to the CLI and its process group; `pid` is what wrap() started. */
  signal: (pid: number, signal: NodeJS.Signals) => void;
}

/**
 * A mark is a pair of odd limits of POSIX message queues, soft and hard: every descendant inherits them, also through
 * setsid, double forks and a cleared environment, and anybody may lower them.
 */
export function newMark(): string {
  const half = MSGQUEUE_DEFAULT / 2;
  return `${randomInt(1, half)}:${randomInt(half, MSGQUEUE_DEFAULT)}`;
}

/** SIGKILL to everything with this mark and all its descendants, repeated until nothing is left. */
export async function killMarked(mark: string): Promise<void> {
  const deadline = Date.now() + KILL_MAX_MS;
  for (let left = findMarked(mark); left.length > 0; left = findMarked(mark)) {
    if (Date.now() > deadline) throw new Error(`Processes ${left.join(', ')} are still there ${KILL_MAX_MS} ms after SIGKILL.`);
    for (const pid of left) send(pid, 'SIGKILL');
    await delay(KILL_ROUND_MS);
  }
}

/** The strongest containment that works on this machine. */
export async function chooseContainment(wanted: 'auto' | 'scan'): Promise<Containment> {
  for (const candidate of CANDIDATES.filter(({ kind }) => wanted === 'auto' || kind === wanted))
    if (await works(candidate)) return candidate;
  return byEnvironment;
}

// The kernel ends the CLI with the executor, and marks it.
const bound = (mark: string) => ['setpriv', '--pdeathsig', 'KILL', '--', 'prlimit', `--msgqueue=${mark}`, '--'];
const UNSHARE = ['--pid', '--fork', '--kill-child=KILL', '--mount-proc', '--'];
// As process 1 of its namespace a CLI without handlers would ignore polite signals, so timeout (without a limit) takes that place.
const FIRST_PROCESS = ['timeout', '--foreground', '0', 'setsid'];

const byNamespace = namespaceWith(['unshare', ...UNSHARE]);
const byUserNamespace = namespaceWith(['unshare', '--user', '--map-current-user', ...UNSHARE]);
const byLimits: Containment = {
  kind: 'scan',
  wrap: (mark, argv) => [...bound(mark), ...argv],
  environment: () => ({}),
  signal: (pid, signal) => send(-pid, signal),
};
const byEnvironment: Containment = {
  ...byLimits,
  wrap: (_mark, argv) => argv,
  environment: (mark) => ({ [MARK_VARIABLE]: mark }),
};
const CANDIDATES = [byNamespace, byUserNamespace, byLimits];

function namespaceWith(unshare: string[]): Containment {
  return {
    kind: 'namespace',
    wrap: (mark, argv) => [...bound(mark), ...unshare, ...FIRST_PROCESS, ...argv],
    environment: () => ({}),
    signal: (pid, signal) => {
      const rows = listProcesses();
      const first = rows.find(({ parent }) => parent === pid);
      const cli = rows.find(({ parent }) => parent === first?.pid);
      // Nothing of the CLI has run yet when the namespace is still being made.
      if (cli === undefined || !send(-cli.pid, signal)) send(pid, 'SIGKILL');
    },
  };
}

async function works({ wrap }: Containment): Promise<boolean> {
  const [file = '', ...args] = wrap(newMark(), ['true']);
  return promisify(execFile)(file, args, { timeout: PROBE_MAX_MS, killSignal: 'SIGKILL' }).then(
    () => true,
    () => false,
  );
}

function findMarked(mark: string): number[] {
  const rows = listProcesses().filter(({ pid }) => pid !== process.pid);
  const found = new Set(rows.filter((row) => row.carries(mark)).map(({ pid }) => pid));
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** False when there is no such process or group. */
function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH' || errnoOf(error) === 'EPERM') return false;
    throw error;
  }
}
