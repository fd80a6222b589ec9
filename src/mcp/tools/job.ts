import { z } from 'zod';
import type { Event } from '../../../container/protocol.ts';
import { type Limits, rangeOf } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import type { JobStatus } from '../../job/job.ts';
import { STATES } from '../../job/machine.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { type Call, ownAccount, ownJob } from '../call.ts';
import { nextCursor, pageInput, upTo } from '../input.ts';
import { nextFor } from '../result/next.ts';
import { progressLine } from '../result/render.ts';
import { type Tool, type ToolAnswer, tool } from '../tool.ts';
import { answerOf } from './request.ts';

const jobId = z.string().min(1).max(64);
const page = ({ eventPageSize }: Limits) => ({
  jobId,
  afterSeq: z.int().min(0).default(0).describe('Events after this one (nextAfterSeq of an earlier answer).'),
  limit: upTo(rangeOf('eventPageSize').max, eventPageSize).describe('Most events in the page.'),
});

const unknownJob = (id: string) => fail({ code: 'job_not_found', jobId: id });

/** Events with adjacent pieces of text or thinking joined, under the number of the last piece. */
function joinText(events: Event[]): Event[] {
  const joined: Event[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    const isMore = (event.kind === 'text' || event.kind === 'thinking') && last?.kind === event.kind;
    if (isMore) joined[joined.length - 1] = { ...event, text: last.text + event.text };
    else joined.push(event);
  }
  return joined;
}

/** The answer to a job's status, with its place in the queue. */
async function statusAnswer(found: Result<JobStatus> | null, id: string, call: Call): Promise<Result<ToolAnswer>> {
  if (!found) return unknownJob(id);
  if (!found.ok) return found;
  const { job, events, nextAfterSeq } = found.value;
  const queuePlace = job.state === 'queued' ? await ownAccount(call).queuePlace(id) : undefined;
  return ok({ job: { ...job, queuePlace }, events: joinText(events), nextAfterSeq, next: nextFor(job) });
}

const jobStatus = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobStatus,
    title: 'Job status',
    description: 'State, last activity, usage and cost of a job, and a page of its events.',
    input: z.strictObject(page(limits)),
    parts: ['job', 'events', 'nextAfterSeq', 'next'],
    run: async (input, call) => {
      const found = await ownJob(call, input.jobId).status(input.afterSeq, input.limit);
      return statusAnswer(found, input.jobId, call);
    },
  });

/** Events that follow the first one within this time are returned with it, in ms. */
const LINGER_MS = 1_000;

const jobWatch = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobWatch,
    title: 'Watch a job',
    description: 'Waits for new events of a job after afterSeq, or for its end; returns what llm_job_status returns.',
    input: z.strictObject({
      ...page(limits),
      waitMs: upTo(limits.watchMaxMs, limits.watchMs, 0).describe('Longest wait.'),
    }),
    parts: ['job', 'events', 'nextAfterSeq', 'next'],
    run: async (input, call) => {
      const found = await ownJob(call, input.jobId).wait(input.afterSeq, input.limit, input.waitMs, LINGER_MS);
      if (found?.ok) await call.client.progress(progressLine(found.value.job));
      return statusAnswer(found, input.jobId, call);
    },
  });

const jobResult = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobResult,
    title: 'Job result',
    description: "A job's answer page by page, also while it runs. raw returns the CLI's own output instead.",
    input: z.strictObject({
      jobId,
      offset: z.int().min(0).default(0).describe('nextOffset of an earlier answer.'),
      maxChars: upTo(limits.resultPageMaxChars, limits.resultPageChars).describe('Size of the page.'),
      raw: z.enum(['stdout', 'stderr']).describe("The CLI's own output.").optional(),
    }),
    parts: ['job', 'answer', 'next'],
    run: async (input, call) => {
      const found = await ownJob(call, input.jobId).text(input.raw ?? 'answer', input.offset, input.maxChars);
      if (!found) return unknownJob(input.jobId);
      return found.ok ? ok(answerOf(found.value)) : found;
    },
  });

const jobCancel = tool({
  ...GATEWAY_TOOLS.jobCancel,
  title: 'Cancel a job',
  description: 'Ends a queued or running job. Its output so far is kept.',
  input: z.strictObject({ jobId }),
  parts: ['job', 'next'],
  run: async (input, call) => {
    const canceled = await ownJob(call, input.jobId).cancel();
    if (!canceled) return unknownJob(input.jobId);
    return ok({ job: { ...canceled.job, alreadyOver: canceled.over || undefined }, next: nextFor(canceled.job) });
  },
});

const jobDelete = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobDelete,
    title: 'Delete a job',
    description: `Deletes a finished job with its answer and events. Jobs are removed automatically ${limits.retentionDays} days after their end.`,
    input: z.strictObject({ jobId }),
    parts: ['job'],
    run: async (input, call) => {
      const removed = await ownJob(call, input.jobId).remove();
      if (!removed) return unknownJob(input.jobId);
      if (!removed.ok) return removed;
      await ownAccount(call).removeJob(input.jobId);
      return ok({ job: { ...removed.value, deleted: true } });
    },
  });

const jobList = tool({
  ...GATEWAY_TOOLS.jobList,
  title: 'List jobs',
  description: 'Your jobs, newest first.',
  input: z.strictObject({
    state: z.enum(STATES).optional(),
    provider: z.string().max(32).optional(),
    ...pageInput(20, 100),
  }),
  parts: ['jobs', 'nextCursor'],
  run: async ({ state, provider, cursor: before, limit }, call) => {
    const entries = await ownAccount(call).list({ state, provider, before, limit });
    const jobs = entries.map((entry) => ({
      id: entry.id,
      provider: entry.provider,
      state: entry.state,
      reason: entry.reason ?? undefined,
      createdAt: entry.created_at,
      finishedAt: entry.finished_at ?? undefined,
      costUsd: entry.cost_usd,
      label: entry.label,
      correlationId: entry.correlation_id ?? undefined,
    }));
    const places = entries.map(({ place }) => place);
    return ok({ jobs, nextCursor: nextCursor(places, limit) });
  },
});

/** The tools for jobs, in the order of tools/list. */
export const jobTools = (limits: Limits): Tool[] => [
  jobStatus(limits),
  jobWatch(limits),
  jobResult(limits),
  jobCancel,
  jobDelete(limits),
  jobList,
];
