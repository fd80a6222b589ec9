/** An unfinished, approved job, as far as its turn depends on it. */
export interface QueueEntry {
  id: string;
  provider: string;
  /** The session that it continues, or null. Two runs of one session at once would corrupt it. */
  session: string | null;
  isRunning: boolean;
}

/** Limits on the jobs of an account. */
export interface QueueLimits {
  runningPerAccount: number;
  runningPerProvider: number;
  queuedPerAccount: number;
}

type NewEntry = Omit<QueueEntry, 'isRunning'>;

function isFree(running: QueueEntry[], { provider, session }: NewEntry, limits: QueueLimits): boolean {
  if (running.length >= limits.runningPerAccount) return false;
  if (running.filter((job) => job.provider === provider).length >= limits.runningPerProvider) return false;
  return session === null || running.every((job) => job.session !== session);
}

/** The queued jobs that may run now. First come, first served; a job that waits for its provider or its session does not block others. */
export function nextToRun(jobs: QueueEntry[], limits: QueueLimits): QueueEntry[] {
  const running = jobs.filter((job) => job.isRunning);
  const waitingSessions = new Set<string>();
  const next: QueueEntry[] = [];
  for (const job of jobs.filter((queued) => !queued.isRunning)) {
    const isInOrder = job.session === null || !waitingSessions.has(job.session);
    if (isInOrder && isFree([...running, ...next], job, limits)) next.push(job);
    else if (job.session !== null) waitingSessions.add(job.session);
  }
  return next;
}

/** Places a new job behind the unfinished ones, which come oldest first. */
export function placeInQueue(jobs: QueueEntry[], wanted: NewEntry, limits: QueueLimits): 'running' | 'queued' | 'saturated' {
  const next = nextToRun([...jobs, { ...wanted, isRunning: false }], limits);
  if (next.some(({ id }) => id === wanted.id)) return 'running';
  return jobs.filter((job) => !job.isRunning).length < limits.queuedPerAccount ? 'queued' : 'saturated';
}
