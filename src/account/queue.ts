/** A job that is not over, as far as its turn depends on it. */
export interface Standing {
  id: string;
  provider: string;
  /** The conversation that it continues; two runs of one would tear it apart. */
  session: string | null;
  running: boolean;
}

export interface AdmissionLimits {
  runningPerAccount: number;
  runningPerProvider: number;
  queuedPerAccount: number;
}

function isFree(running: Standing[], { provider, session }: Omit<Standing, 'id' | 'running'>, limits: AdmissionLimits): boolean {
  if (running.length >= limits.runningPerAccount) return false;
  if (running.filter((job) => job.provider === provider).length >= limits.runningPerProvider) return false;
  return session === null || running.every((job) => job.session !== session);
}

/**
 * The queued jobs whose turn it is now. First come first served; a job that waits for its provider's limit or for its
 * session lets later ones pass that need neither.
 */
export function turns(jobs: Standing[], limits: AdmissionLimits): Standing[] {
  const running = jobs.filter((job) => job.running);
  const heldSessions = new Set<string>();
  const given: Standing[] = [];
  for (const job of jobs.filter((waiting) => !waiting.running)) {
    const inOrder = job.session === null || !heldSessions.has(job.session);
    if (inOrder && isFree([...running, ...given], job, limits)) given.push(job);
    else if (job.session !== null) heldSessions.add(job.session);
  }
  return given;
}

export type Verdict = 'run' | 'queue' | 'saturated';

/** What happens to a new job, given the ones that are not over, oldest first. */
export function admit(jobs: Standing[], wanted: Omit<Standing, 'running'>, limits: AdmissionLimits): Verdict {
  const next = turns([...jobs, { ...wanted, running: false }], limits);
  if (next.some(({ id }) => id === wanted.id)) return 'run';
  return jobs.filter((job) => !job.running).length < limits.queuedPerAccount ? 'queue' : 'saturated';
}
