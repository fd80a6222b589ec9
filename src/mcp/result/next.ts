import { isOver } from '../../job/machine.ts';
import type { JobView } from '../../job/record.ts';
import { requestToolsOf } from '../../policy/tools.ts';
import type { Envelope } from './envelope.ts';

function why({ state, hold, asks }: JobView): string {
  if (state === 'held' && hold) return `Waiting for approval at ${hold.url}; llm_job_watch returns when it is decided.`;
  if (asks && asks.length > 0) return 'The run is waiting for approval of a step; llm_job_watch returns when it is decided.';
  return state === 'queued'
    ? 'The job is queued; llm_job_watch returns when it starts or ends.'
    : 'The job is running; llm_job_watch returns its answer at its end.';
}

/** The request that continues a job with permission for its denied calls, if there is one. */
function permittingCall({ provider, permitting }: JobView): Envelope['next'] {
  if (permitting === undefined) return undefined;
  const [{ name: tool }] = requestToolsOf(provider);
  return {
    tool,
    arguments: JSON.parse(permitting),
    why: 'It continues with permission for the denied calls, if your policy allows that.',
  };
}

/** What to call next for a job: the tool that watches it, or that reads its answer once it is over. */
export function nextFor(job: JobView, afterSeq = job.lastSeq): NonNullable<Envelope['next']> {
  return isOver(job.state)
    ? { tool: 'llm_job_result', arguments: { jobId: job.id }, why: 'The job is over; llm_job_result reads its answer.' }
    : { tool: 'llm_job_watch', arguments: { jobId: job.id, afterSeq }, why: why(job) };
}

/** What to call next after a page of text, if anything. */
export function nextPage(job: JobView, source: string, nextOffset: number | null): Envelope['next'] {
  if (nextOffset === null) return isOver(job.state) ? permittingCall(job) : nextFor(job);
  const raw = source === 'stdout' || source === 'stderr' ? { raw: source } : {};
  return { tool: 'llm_job_result', arguments: { jobId: job.id, offset: nextOffset, ...raw }, why: 'The text continues.' };
}
