import type { Provider } from '../../../container/providers/provider.ts';
import type { ToolCall } from '../../account/tool-call.ts';
import type { Limits } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { isOver } from '../../job/machine.ts';
import type { JobView } from '../../job/record.ts';
import { requestToolsOf } from '../../policy/tools.ts';
import { type Call, ownJob } from '../call.ts';
import type { CalledJob } from '../result/envelope.ts';
import { maxResultChars } from '../result/fit.ts';
import { nextFor } from '../result/next.ts';
import { progressLine } from '../result/render.ts';
import { type Tool, type ToolAnswer, tool } from '../tool.ts';
import { answerOf } from './answer.ts';
import { requestInput, waitOf } from './request-input.ts';
import { submit } from './submit.ts';

/** Time between two progress messages, because a person reads them, in ms. */
const PROGRESS_LINGER_MS = 1_000;

/** Whether a job waits for an approval. The caller has to know, because waiting alone does not help. */
const needsApproval = ({ state, asks }: JobView) => state === 'held' || (asks !== undefined && asks.length > 0);

/** Waits for the end of a job and sends progress. Stops at `until`, when an approval is needed, or when the client no longer waits. */
async function follow(job: CalledJob, until: number, call: Call): Promise<CalledJob> {
  let latest = job;
  await call.client.progress(progressLine(latest));
  while (!isOver(latest.state) && !needsApproval(latest) && Date.now() < until && !call.client.signal.aborted) {
    const waitMs = Math.min(until - Date.now(), call.config.limits.progressIntervalMs);
    const status = await ownJob(call, job.id).wait(latest.lastSeq, 0, waitMs, PROGRESS_LINGER_MS);
    if (!status?.ok) break;
    latest = { ...status.value.job, deduplicated: job.deduplicated };
    await call.client.progress(progressLine(latest));
  }
  return latest;
}

async function answer(job: CalledJob, call: Call): Promise<Result<ToolAnswer>> {
  const text = await ownJob(call, job.id).text('answer', 0, call.config.limits.resultPageChars);
  if (!text?.ok) return ok({ job, next: nextFor(job) });
  const found = answerOf(text.value, maxResultChars(call.config.limits));
  return ok({ ...found, job: { ...text.value.job, deduplicated: job.deduplicated, queuePlace: job.queuePlace } });
}

/** The job of a request: made or found now, or begun by an earlier round of this call. */
async function jobFor(
  provider: Provider,
  input: Record<string, unknown>,
  call: Call,
  asked: ToolCall,
): Promise<Result<CalledJob>> {
  if (call.resumes !== undefined) {
    const status = await ownJob(call, call.resumes).status(0, 0);
    return status?.ok ? ok(status.value.job) : fail({ code: 'job_not_found', jobId: call.resumes });
  }
  const submitted = await submit(provider, input, call, asked);
  if (!submitted.ok) return submitted;
  const { job, deduplicated } = submitted.value;
  return ok(deduplicated ? { ...job, deduplicated } : job);
}

/** The two request tools of a provider: one declaration, waiting or not. */
export function requestTools(provider: Provider, limits: Limits): Tool[] {
  const { title } = provider;
  const [waits, starts] = requestToolsOf(provider.id);
  return [
    tool({
      ...waits,
      title: `Ask ${title}`,
      description: `Runs ${title} on a prompt as a job and waits for the answer. After the deadline it returns the job id; the job continues even if you disconnect.`,
      input: requestInput(provider, false, limits),
      parts: ['job', 'answer', 'next'],
      makesJob: true,
      becomesTask: true,
      run: async (input, call, asked) => {
        const job = await jobFor(provider, input, call, asked);
        if (!job.ok) return job;
        const { syncDeadlineMs, taskAfterMs } = limits;
        const waitMs = Math.min(
          waitOf(input) ?? syncDeadlineMs,
          call.client.supportsTasks ? taskAfterMs : Number.POSITIVE_INFINITY,
        );
        return answer(await follow(job.value, Date.now() + waitMs, call), call);
      },
    }),
    tool({
      ...starts,
      title: `Start ${title}`,
      description: `Starts ${title} on a prompt as a job and returns its id at once; read the answer with llm_job_watch and llm_job_result.`,
      input: requestInput(provider, true, limits),
      parts: ['job', 'next'],
      makesJob: true,
      run: async (input, call, asked) => {
        const job = await jobFor(provider, input, call, asked);
        return job.ok ? ok({ job: job.value, next: nextFor(job.value) }) : job;
      },
    }),
  ];
}
