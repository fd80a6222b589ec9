import { LOSES_RUNS } from './make.ts';
import type { EndedJob, Trial } from './trial.ts';
import { judge } from './verdict.ts';

/** Counts that must be zero. */
export interface Zeros {
  lostBytes: number;
  duplicatedBytes: number;
  jobsWithoutEnd: number;
  unexpectedEnds: number;
  doubleRuns: number;
  leakedSlots: number;
  strayProcesses: number;
  lateOrphans: number;
  needlessOrphans: number;
  wrongCauses: number;
  leftDirectories: number;
}

/** What is left in the gateway once all jobs have ended. `directories`: scratch directories of runs, and runs that are quarantined. */
export interface Leftovers {
  directories: number;
  unfinished: number;
  slots: number;
  processes: number;
}

/** Longest time to orphan a job, in ms. */
const ORPHAN_MAX_MS = 17_000;

const EXPECTED: Record<string, (ended: EndedJob) => boolean> = {
  completed: ({ planned }) => planned.fault !== 'out-of-memory',
  canceled: ({ planned }) => planned.fault === 'cancel',
  orphaned: ({ job }) => job.reason === 'executor_lost' || job.reason === 'shutdown',
  failed: ({ job, planned }) => job.reason === 'disk_full' || planned.fault === 'out-of-memory',
};

/** What the error of a failed job must say: its cause with figures. */
const FIGURES: Record<string, RegExp> = {
  disk_full: /: \d+ bytes are free, \d+ were needed for runs\//,
  out_of_memory: /the kernel killed (a process|\d+ processes), the limit is \d+ bytes/,
  no_result: /killed \(SIGKILL\) by another program/,
};

/** Whether a job that failed, or whose run was given up, names another cause than its own. */
function isWrongCause({ rig, counts }: Trial, { job, planned }: EndedJob): boolean {
  if (job.state !== 'failed') return false;
  const isKill = planned.fault === 'out-of-memory' && job.reason === (rig.limitsMemory ? 'out_of_memory' : 'no_result');
  const isDisk = job.reason === 'disk_full' && (counts.has('disk-full') || counts.has('write-fails'));
  return !(isKill || isDisk) || !FIGURES[job.reason ?? '']?.test(job.error?.message ?? '');
}

/** Whether a run was given up for a silence of the executor, although it was not away for long. */
function isNeedless({ gone }: Trial, { job }: EndedJob): boolean {
  const at = job.finishedAt ?? 0;
  const isSilence = job.state === 'orphaned' && /It was asked for/.test(job.error?.message ?? '');
  return isSilence && !gone.some(({ from, to }) => at >= from && at <= to + ORPHAN_MAX_MS);
}

function journalOf(lines: string[]) {
  const starts = new Map<string, number>();
  const stops = new Map<string, number>();
  for (const [key = '', what, steps] of lines.map((line) => line.split(' '))) {
    if (what === 'start') starts.set(key, (starts.get(key) ?? 0) + 1);
    if (what === 'stop') stops.set(key, Number(steps));
  }
  return { starts, stops };
}

/** Counts the runs beyond the one that a request may have. A completed job had exactly one. */
function doubleRuns({ planned, jobIds, job }: EndedJob, starts: Map<string, number>): number {
  const started = starts.get(planned.script.key) ?? 0;
  return Math.max(0, started - 1) + (jobIds.length - 1) + (job.state === 'completed' && started === 0 ? 1 : 0);
}

function judgeJob(trial: Trial, ended: EndedJob, stops: Map<string, number>) {
  const { planned, job, seenSeq } = ended;
  const verdict = judge({
    script: planned.script,
    state: job.state,
    reason: job.reason ?? '',
    wasStarted: job.startedAt !== undefined,
    stdout: ended.stdout,
    stderr: ended.stderr,
    answer: ended.answer,
    stopAfter: stops.get(planned.script.key),
    spooled: trial.spooled.get(job.id),
  });
  // A log that became shorter has lost events; they count as bytes.
  return { ...verdict, lost: verdict.lost + Math.max(0, seenSeq - job.lastSeq) };
}

/** Adds up all losses, with one line for each affected job. */
export function sumUp(trial: Trial, left: Leftovers): { zeros: Zeros; problems: string[] } {
  const { starts, stops } = journalOf(trial.rig.journal());
  const zeros: Zeros = {
    lostBytes: 0,
    duplicatedBytes: 0,
    jobsWithoutEnd: trial.plan.jobs.length - trial.ended.length + left.unfinished,
    unexpectedEnds: 0,
    doubleRuns: 0,
    leakedSlots: left.slots,
    strayProcesses: trial.strays + left.processes,
    lateOrphans: 0,
    needlessOrphans: 0,
    wrongCauses: 0,
    leftDirectories: left.directories,
  };
  const problems = [...trial.notes];
  for (const ended of trial.ended) {
    const { job, planned } = ended;
    const { lost, duplicated } = judgeJob(trial, ended, stops);
    const again = doubleRuns(ended, starts);
    const isExpected = EXPECTED[job.state]?.(ended) ?? false;
    zeros.lostBytes += lost;
    zeros.duplicatedBytes += duplicated;
    zeros.doubleRuns += again;
    const isWrong = isWrongCause(trial, ended);
    const isGivenUp = isNeedless(trial, ended);
    zeros.unexpectedEnds += isExpected ? 0 : 1;
    zeros.wrongCauses += isWrong ? 1 : 0;
    zeros.needlessOrphans += isGivenUp ? 1 : 0;
    if (lost + duplicated + again > 0 || !isExpected || isWrong || isGivenUp)
      problems.push(
        `${job.id} (${planned.script.key}, ${planned.fault}): ${job.state} (${job.reason}), ${lost} bytes lost, ${duplicated} twice, ${again} runs too many. ${job.error?.message ?? ''}`,
      );
  }
  for (const { kind, max } of trial.recovery.figures())
    if (LOSES_RUNS.has(kind) && max > ORPHAN_MAX_MS) {
      zeros.lateOrphans += 1;
      problems.push(`${kind}: a job was orphaned after ${max} ms`);
    }
  return { zeros, problems };
}
