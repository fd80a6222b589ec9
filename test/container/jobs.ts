import type { Caller } from '../rig/client.ts';

const SYNC_MS = 90_000;

/** What a test does with the jobs of one account. */
export function jobsOf(call: Caller['call']) {
  /** Runs a request to its end, or to the deadline. */
  const ask = (provider: string, args: Record<string, unknown>) =>
    call(`${provider}_request`, { syncDeadlineMs: SYNC_MS, ...args });
  /** Starts a request and waits until its run has told of an event of this kind. */
  const startUntil = async (provider: string, args: Record<string, unknown>, kind: string): Promise<string> => {
    const { job } = await call(`${provider}_request_async`, args);
    const jobId = job?.id ?? '';
    for (let afterSeq = 0; ; ) {
      const { events = [], nextAfterSeq = 0, job: now } = await call('llm_job_watch', { jobId, afterSeq });
      if (events.some((event) => event.kind === kind)) return jobId;
      if (now?.finishedAt !== undefined) throw new Error(`the job ended without ${kind}: ${JSON.stringify(now)}`);
      afterSeq = nextAfterSeq;
    }
  };
  /** Waits for the end of a job. */
  const ended = async (jobId: string) => {
    for (let afterSeq = 0; ; ) {
      const { job, nextAfterSeq = 0 } = await call('llm_job_watch', { jobId, afterSeq, limit: 1_000 });
      if (job?.finishedAt !== undefined) return job;
      afterSeq = nextAfterSeq;
    }
  };
  return { call, ask, startUntil, ended };
}
