/** How fast jobs went on after faults of one kind, in ms. */
export interface Figures {
  kind: string;
  jobs: number;
  p50: number;
  p95: number;
  max: number;
}

interface Open {
  kind: string;
  /** Absent while the fault goes on. */
  since?: number;
  /** Last seq before the fault by job id. */
  waiting: Map<string, number>;
  /** Jobs have to end, because their runs are gone. */
  untilOver: boolean;
}

const at = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Measures how long jobs that were met by a fault take to their next event, or to their end. */
export function trackRecovery() {
  const open: Open[] = [];
  const taken = new Map<string, number[]>();
  return {
    /** Gives how to say from when on jobs recover: from the end of the fault, or from its beginning. */
    begin: (fault: Omit<Open, 'since'>) => {
      const begun: Open = fault;
      // What has not recovered by now is met by two faults.
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
    /** True when every job that the last fault met has gone on, or has ended. */
    isDone: () => open.every(({ waiting }) => waiting.size === 0),
    figures: (): Figures[] =>
      [...taken].map(([kind, times]) => {
        const sorted = times.toSorted((a, b) => a - b);
        return { kind, jobs: sorted.length, p50: at(sorted, 0.5), p95: at(sorted, 0.95), max: sorted.at(-1) ?? 0 };
      }),
  };
}
