import type { Delivery } from '../rig/link.ts';
import { type Random, randomFrom } from '../rig/random.ts';
import type { Script } from '../rig/script.ts';

/** A fault of one job. */
type JobFault =
  | 'none'
  | 'submit-twice'
  | 'client-gone'
  | 'cancel'
  | 'job-crash'
  | 'second-reader'
  | 'out-of-memory'
  | 'read-only-leftovers';

/** A fault of a part of the gateway. */
export type PartFault =
  | 'worker-kill'
  | 'worker-pause'
  | 'account-crash'
  | 'executor-kill'
  | 'executor-kill-empty'
  | 'executor-term'
  | 'executor-term-empty'
  | 'executor-gone'
  | 'executor-pause'
  | 'disk-full'
  | 'write-fails'
  | 'link-cut'
  | 'link-stall'
  | 'link-slow';

export interface PlannedJob {
  script: Script;
  provider: 'claude' | 'grok';
  /** The job is submitted before the fault with this index. */
  phase: number;
  fault: JobFault;
  /** Time of the fault, in ms after the job was submitted. */
  atMs: number;
}

export interface PlannedFault {
  kind: PartFault;
  /** Delay of the fault once jobs run, in ms. */
  afterMs: number;
  /** Duration, in ms. */
  forMs: number;
  /** The next fault does not wait until jobs have recovered from this one. */
  isHasty: boolean;
}

/** All faults of one test. Deliveries are used in order, and repeated. */
export interface Plan {
  jobs: PlannedJob[];
  faults: PlannedFault[];
  puts: Delivery[];
  reads: Delivery[];
}

const PROVIDERS = ['claude', 'grok'] as const;
const JOB_FAULTS = [
  'none',
  'none',
  'submit-twice',
  'client-gone',
  'cancel',
  'cancel',
  'job-crash',
  'second-reader',
  'out-of-memory',
  'read-only-leftovers',
] as const;
const PUTS = ['once', 'once', 'once', 'twice', 'answer-lost'] as const;
const READS = ['once', 'once', 'once', 'once', 'repeat', 'answer-lost'] as const;
const STRAYS = [undefined, undefined, 'session', 'daemon'] as const;
const DELIVERIES = 60;
/** Share of faults that come before jobs have recovered from the one before. */
const HASTY_SHARE = 0.3;

/** Shortest and longest duration of each kind, in ms. */
const LENGTHS: Record<PartFault, readonly [shortest: number, longest: number]> = {
  'worker-kill': [0, 500],
  'worker-pause': [14_000, 20_000],
  'account-crash': [0, 0],
  'executor-kill': [0, 1_000],
  'executor-kill-empty': [0, 1_000],
  'executor-term': [0, 500],
  'executor-term-empty': [0, 500],
  'executor-gone': [15_000, 15_000],
  'executor-pause': [14_000, 20_000],
  'disk-full': [500, 3_000],
  'write-fails': [0, 0],
  'link-cut': [0, 2_500],
  'link-stall': [300, 5_000],
  'link-slow': [1_000, 4_000],
};
/** Kinds of one round. `executor-gone`, the longest one, comes once and only with enough jobs. */
const ROUND = [
  'worker-kill',
  'link-cut',
  'executor-kill',
  'account-crash',
  'link-slow',
  'executor-kill-empty',
  'link-stall',
  'executor-term',
  'executor-term-empty',
  'worker-pause',
  'executor-pause',
  'disk-full',
  'write-fails',
] as const;
const JOBS_PER_FAULT = 7;
const JOBS_FOR_GONE = 100;

function jobOf(random: Random, key: string, phase: number): PlannedJob {
  const lines = random.whole(5, 40);
  const script: Script = {
    key,
    seed: random.whole(0, 1e9),
    lines,
    pauseMs: Math.round(random.whole(500, 8_000) / lines),
    answerLength: random.chance(0.1) ? random.whole(60_000, 200_000) : random.whole(1, 2_000),
    bulkBytes: random.chance(0.1) ? random.whole(100_000, 1_500_000) : 0,
    stray: random.oneOf(STRAYS),
  };
  const provider = random.oneOf(PROVIDERS);
  const fault = random.oneOf(JOB_FAULTS);
  if (fault === 'out-of-memory') script.killedAfter = Math.floor(lines / 2);
  if (fault === 'read-only-leftovers') script.leavesReadOnly = true;
  return { script, provider, phase, fault, atMs: random.whole(0, 2_500) };
}

function kindsOf(random: Random, jobs: number): PartFault[] {
  const count = Math.max(ROUND.length, Math.floor(jobs / JOBS_PER_FAULT));
  const kinds: PartFault[] = [];
  while (kinds.length < count)
    kinds.push(
      ...ROUND.map((kind) => ({ kind, at: random.next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ kind }) => kind),
    );
  const chosen = kinds.slice(0, count);
  if (jobs >= JOBS_FOR_GONE) chosen.splice(random.whole(0, chosen.length), 0, 'executor-gone');
  return chosen;
}

/** Returns the plan of a seed and a number of jobs, always the same one. */
export function planOf(seed: number, count: number): Plan {
  const random = randomFrom(seed);
  const kinds = kindsOf(random, count);
  // Jobs of a last phase run while the last fault is made.
  const phaseOf = (index: number) => Math.floor((index * (kinds.length + 1)) / count);
  const jobs = Array.from({ length: count }, (_, index) => jobOf(random, `s${seed}-j${index}`, phaseOf(index)));
  const faults = kinds.map((kind) => ({
    kind,
    afterMs: random.whole(0, 600),
    forMs: random.whole(...LENGTHS[kind]),
    isHasty: random.chance(HASTY_SHARE),
  }));
  const deliveries = (ways: readonly [Delivery, ...Delivery[]]) => Array.from({ length: DELIVERIES }, () => random.oneOf(ways));
  return { jobs, faults, puts: deliveries(PUTS), reads: deliveries(READS) };
}
