import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkMode } from '../rig/link.ts';
import type { PartFault, PlannedFault } from './plan.ts';
import { leftAfter } from './processes.ts';
import { readSpools } from './spooled.ts';
import { count, type Trial } from './trial.ts';

/** Longest time for processes of runs to end after their executor was killed, in ms. */
const KILLED_MS = 2_000;

/** Makes a fault and ends it. Calls `recovering` when jobs begin to recover. */
type Make = (trial: Trial, forMs: number, recovering: () => void) => Promise<void>;

const killWorker: Make = async ({ rig }, forMs, recovering) => {
  await rig.worker.end('SIGKILL');
  await sleep(forMs);
  await rig.worker.start();
  recovering();
};

const crashAccount: Make = async ({ rig }, _forMs, recovering) => {
  recovering();
  await rig.crash('account', 'owner').catch(() => {});
};

const endExecutor =
  (signal: 'SIGKILL' | 'SIGTERM', keepsState: boolean): Make =>
  async (trial, forMs, recovering) => {
    const { executor, executorState, disk, tag } = trial.rig;
    recovering();
    await executor.end(signal);
    trial.strays += await leftAfter(tag, KILLED_MS);
    if (keepsState) for (const [id, text] of readSpools(executorState)) trial.spooled.set(id, text);
    else {
      // The spools are lost with the disk.
      trial.spooled.clear();
      disk.clear();
    }
    await sleep(forMs);
    await executor.start();
  };

const disturbLink =
  (mode: LinkMode): Make =>
  async ({ rig: { link } }, forMs, recovering) => {
    link.set(mode);
    if (mode === 'refuse') link.cut();
    await sleep(forMs);
    link.set('open');
    recovering();
  };

/** Stops a part for a time. No run may be lost by it. */
const pause =
  (part: 'worker' | 'executor'): Make =>
  async ({ rig }, forMs, recovering) => {
    rig[part].signal('SIGSTOP');
    await sleep(forMs);
    rig[part].signal('SIGCONT');
    recovering();
  };

/** Fills the executor's disk for a time, if it is a small one. */
const fillDisk: Make = async ({ rig }, forMs, recovering) => {
  const free = rig.disk.isSmall ? rig.disk.fill() : () => {};
  await sleep(forMs);
  free();
  recovering();
};

/** Lets one write of the executor fail. */
const failWrite: Make = async ({ rig }, _forMs, recovering) => {
  rig.executor.signal('SIGUSR2');
  recovering();
};

const MAKE: Record<PartFault, Make> = {
  'worker-kill': killWorker,
  'worker-pause': pause('worker'),
  'account-crash': crashAccount,
  'executor-kill': endExecutor('SIGKILL', true),
  'executor-kill-empty': endExecutor('SIGKILL', false),
  'executor-term': endExecutor('SIGTERM', true),
  'executor-term-empty': endExecutor('SIGTERM', false),
  'executor-gone': endExecutor('SIGKILL', true),
  'executor-pause': pause('executor'),
  'disk-full': fillDisk,
  'write-fails': failWrite,
  'link-cut': disturbLink('refuse'),
  'link-stall': disturbLink('stall'),
  'link-slow': disturbLink('slow'),
};

/** Default of the Worker's limit, after which an executor that is away loses its runs. */
const EXECUTOR_LOST_MS = 12_000;

/** Faults after which a run never goes on. */
export const LOSES_RUNS: ReadonlySet<string> = new Set([
  ...(['executor-kill', 'executor-kill-empty', 'executor-term', 'executor-term-empty', 'executor-gone'] satisfies PartFault[]),
]);

/** Makes a fault and measures how the running jobs recover from it. */
export async function makeFault(trial: Trial, { kind, forMs }: PlannedFault): Promise<void> {
  count(trial.counts, kind);
  const waiting = new Map(trial.running);
  const recovered = trial.recovery.begin({ kind, waiting, untilOver: LOSES_RUNS.has(kind) });
  const from = Date.now();
  await MAKE[kind](trial, forMs, () => recovered(Date.now()));
  const to = Date.now();
  if (LOSES_RUNS.has(kind) && to - from >= EXECUTOR_LOST_MS) trial.gone.push({ from, to });
}
