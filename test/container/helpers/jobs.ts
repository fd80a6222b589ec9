import { type CallTool, jobEnd } from '../../helpers/mcp-client.ts';

const SYNC_MS = 90_000;

/** What a test does with the jobs of one account. */
export function jobsOf(call: CallTool) {
  /** Runs a request to its end, or to the deadline. */
  const ask = (provider: string, args: Record<string, unknown>) =>
    call(`${provider}_request`, { syncDeadlineMs: SYNC_MS, ...args });
  /** Starts a request and waits until its run reports an event of this kind. */
  const startUntil = async (provider: string, args: Record<string, unknown>, kind: string): Promise<string> => {
    const { job } = await call(`${provider}_request_async`, args);
    const jobId = job?.id ?? '';
    for (let afterSeq = 0; ; ) {
      const { events = [], nextAfterSeq = 0, job: now } = await call('llm_job_watch', { jobId, afterSeq, until: 'event' });
      if (events.some((event) => event.kind === kind)) return jobId;
      if (now?.finishedAt !== undefined) throw new Error(`the job ended without ${kind}: ${JSON.stringify(now)}`);
      afterSeq = nextAfterSeq;
    }
  };
  const ended = (jobId: string) => jobEnd(call, jobId);
  return { call, ask, startUntil, ended };
}
