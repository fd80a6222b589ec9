import { jsonLength } from '../../cut-text.ts';
import type { JobText } from '../../job/job.ts';
import { isOver } from '../../job/machine.ts';
import type { Envelope } from '../result/envelope.ts';
import { fittingLength, MARGIN_CHARS } from '../result/fit.ts';
import { nextPage } from '../result/next.ts';
import { stripControls } from '../result/render.ts';
import type { ToolAnswer } from '../tool.ts';

/** The page cut so that its text is at most `max` UTF-16 units long as JSON. */
function fitPage({ page, source }: JobText, max: number): JobText['page'] {
  const isRaw = source === 'stdout' || source === 'stderr';
  const clean = (text: string) => (isRaw ? text : stripControls(text));
  if (jsonLength(clean(page.text)) <= max) return { ...page, text: clean(page.text) };
  const length = Math.max(1, fittingLength(page.text, max));
  return { ...page, text: clean(page.text.slice(0, length)), nextOffset: page.offset + length };
}

/** What to call next if the structured output is too long for this answer. */
const nextStructured = (jobId: string, length: number): NonNullable<Envelope['next']> => ({
  tool: 'llm_job_result',
  arguments: { jobId, maxChars: length + 2 * MARGIN_CHARS },
  why: `The structured output has ${length} characters; this call returns it.`,
});

/** The answer with a page of a job's text, in at most `max` UTF-16 units of JSON. */
export function answerOf(found: JobText, max: number): ToolAnswer {
  const { job, source, structured = '' } = found;
  const room = max - MARGIN_CHARS;
  const isFitting = structured.length <= room - MARGIN_CHARS / 2;
  const page = fitPage(found, isFitting ? room - structured.length : room);
  const value = structured && isFitting ? { structured: JSON.parse(structured) } : {};
  const over = isOver(job.state);
  return {
    job,
    answer: page.total > 0 || structured ? { ...page, source, ...value } : undefined,
    error:
      over && job.state !== 'completed'
        ? (job.error ?? { code: job.state, message: `The job was ${job.state}.`, retryable: false })
        : undefined,
    next: isFitting ? nextPage(job, source, page.nextOffset) : nextStructured(job.id, structured.length),
  };
}
