import type { JobView } from '../../src/job/record.ts';
import type { Rig } from '../rig/rig.ts';
import type { Plan, PlannedJob } from './plan.ts';
import { trackRecovery } from './recovery.ts';

/** A job that is over, with all that it kept. */
export interface Ended {
  planned: PlannedJob;
  job: JobView;
  /** More than one where a request was run again. */
  jobIds: string[];
  stdout: string;
  stderr: string;
  answer: string;
  /** Highest seq that was seen before. */
  seenSeq: number;
}

/** What jobs and faults of one test share. */
export interface Trial {
  rig: Rig;
  plan: Plan;
  recovery: ReturnType<typeof trackRecovery>;
  /** Jobs that run, by id, with the last seq that was seen. */
  running: Map<string, number>;
  ended: Ended[];
  /** Faults that were made, by kind. */
  counts: Map<string, number>;
  /** What the spools of killed executors held, by job id and stream. */
  spooled: Map<string, { stdout: string; stderr: string }>;
  /** Processes of runs that were still there after their executor was killed. */
  strays: number;
  /** When and why the runs of jobs may have been lost. */
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
  notes: [],
});

export const count = (counts: Trial['counts'], kind: string) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
