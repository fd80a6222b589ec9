import { isOver } from '../../job/machine.ts';
import type { JobView } from '../../job/record.ts';
import type { Envelope } from './envelope.ts';

function why({ state, hold, asks }: JobView): string {
  if (state === 'held' && hold) return `Waiting for approval at ${hold.url}; llm_job_watch returns when it is decided.`;
  if (asks && asks.length > 0) return 'The run is waiting for approval of a step; llm_job_watch returns when it is decided.';
  return state === 'queued'
    ? 'The job is queued; llm_job_watch returns when it starts.'
    : 'The job is running; llm_job_watch returns its next events.';
}

/** What to call next for a job, if anything. */
export function nextFor(job: JobView): Envelope['next'] {
  if (isOver(job.state)) return undefined;
  return {
    tool: 'llm_job_watch',
    arguments: { jobId: job.id, afterSeq: job.lastSeq },
    why: why(job),
  };
}

/** What to call next after a page of text. */
export function nextPage(job: JobView, source: string, nextOffset: number | null): Envelope['next'] {
  if (nextOffset === null) return nextFor(job);
  const raw = source === 'stdout' || source === 'stderr' ? { raw: source } : {};
  return { tool: 'llm_job_result', arguments: { jobId: job.id, offset: nextOffset, ...raw }, why: 'The text continues.' };
}
