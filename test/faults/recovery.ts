/** Recovery times of jobs after faults of one kind, in ms. */
export interface RecoveryTimes {
  kind: string;
  jobs: number;
  p50: number;
  p95: number;
  max: number;
}

interface OpenFault {
  kind: string;
  /** Start of the recovery; absent before. */
  since?: number;
  /** Last seq before the fault by job id. */
  waiting: Map<string, number>;
  /** Jobs recover only by ending, because their runs are lost. */
  untilOver: boolean;
}

const at = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Measures how long jobs take from a fault to their next event or their end. */
export function trackRecovery() {
  const open: OpenFault[] = [];
  const taken = new Map<string, number[]>();
  return {
    /** Begins a fault. Returns the function that sets the start of the recovery: the fault's end or its beginning. */
    begin: (fault: Omit<OpenFault, 'since'>) => {
      const begun: OpenFault = fault;
      // Jobs that have not recovered so far would measure two faults.
      open.splice(0, open.length, begun);
      return (since: number) => {
        begun.since = since;
      };
    },
    saw: (jobId: string, lastSeq: number, isOver: boolean, when: number) => {
      for (const { kind, since, waiting, untilOver } of open) {
        const before = waiting.get(jobId);
        if (before === undefined || !(isOver || (!untilOver && since !== undefined && lastSeq > before))) continue;
        waiting.delete(jobId);
        if (since !== undefined) taken.set(kind, [...(taken.get(kind) ?? []), Math.max(0, when - since)]);
      }
    },
    /** True if every job of the last fault has a new event or has ended. */
    isDone: () => open.every(({ waiting }) => waiting.size === 0),
    figures: (): RecoveryTimes[] =>
      [...taken].map(([kind, times]) => {
        const sorted = times.toSorted((a, b) => a - b);
        return { kind, jobs: sorted.length, p50: at(sorted, 0.5), p95: at(sorted, 0.95), max: sorted.at(-1) ?? 0 };
      }),
  };
}
