import type { JobView } from '../../src/job/record.ts';
import type { Rig } from '../rig/rig.ts';
import type { Plan, PlannedJob } from './plan.ts';
import { trackRecovery } from './recovery.ts';

/** An ended job with everything that it stored. */
export interface EndedJob {
  planned: PlannedJob;
  job: JobView;
  /** More than one if a request ran again. */
  jobIds: string[];
  stdout: string;
  stderr: string;
  answer: string;
  /** Highest seq seen before the end. */
  seenSeq: number;
}

/** State that jobs and faults of one test share. */
export interface Trial {
  rig: Rig;
  plan: Plan;
  recovery: ReturnType<typeof trackRecovery>;
  /** Last seen seq of each running job, by id. */
  running: Map<string, number>;
  ended: EndedJob[];
  /** Number of faults, by kind. */
  counts: Map<string, number>;
  /** Output in the spools of killed executors, by job id. */
  spooled: Map<string, { stdout: string; stderr: string }>;
  /** Processes of runs that outlived their killed executor. */
  strays: number;
  /** When the executor was away for so long that its runs may be given up, in ms since 1970. */
  gone: { from: number; to: number }[];
  /** Problems in words. */
  notes: string[];
}

export const newTrial = (rig: Rig, plan: Plan, counts: Trial['counts']): Trial => ({
  rig,
  plan,
  counts,
  recovery: trackRecovery(),
  running: new Map(),
  ended: [],
  spooled: new Map(),
  strays: 0,
  gone: [],
  notes: [],
});

export const count = (counts: Trial['counts'], kind: string) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
