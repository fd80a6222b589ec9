import { z } from 'zod';
import type { Event } from '../../../container/protocol.ts';
import { fail, ok, type Result } from '../../errors.ts';
import type { JobStatus } from '../../job/job.ts';
import { STATES } from '../../job/machine.ts';
import { type Call, ownAccount, ownJob } from '../call.ts';
import { nextFor } from '../next.ts';
import { progressLine } from '../render.ts';
import { type ToolAnswer, tool } from '../tool.ts';
import { answerOf } from './request.ts';

const jobId = z.string().min(1).max(64);
const afterSeq = z.int().min(0).default(0).describe('Events after this (nextAfterSeq of an earlier answer).');
const limit = z.int().min(1).max(1_000).describe('Most events in the page (default 200).').optional();

const unknownJob = (id: string) => fail({ code: 'job_not_found', jobId: id });

/** Events with what was written or thought in one go as one of them, under the number of its last piece. */
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

/** A status as a tool answers it, with the job's place in the queue. */
async function statusAnswer(found: Result<JobStatus> | null, id: string, call: Call): Promise<Result<ToolAnswer>> {
  if (!found) return unknownJob(id);
  if (!found.ok) return found;
  const { job, events, nextAfterSeq } = found.value;
  const queuePlace = job.state === 'queued' ? await ownAccount(call).queuePlace(id) : undefined;
  return ok({ job: { ...job, queuePlace }, events: joinText(events), nextAfterSeq, next: nextFor(job) });
}

export const jobStatus = tool({
  name: 'llm_job_status',
  title: 'Job status',
  description: 'State, last activity, usage and cost of a job, and a page of its events.',
  scope: 'jobs:read',
  input: z.strictObject({ jobId, afterSeq, limit }),
  parts: ['job', 'events', 'nextAfterSeq', 'next'],
  run: async (input, call) => {
    const found = await ownJob(call, input.jobId).status(input.afterSeq, input.limit ?? call.config.limits.eventPageSize);
    return statusAnswer(found, input.jobId, call);
  },
});

/** What comes in within this after the first event travels with it, in ms. */
const LINGER_MS = 1_000;

export const jobWatch = tool({
  name: 'llm_job_watch',
  title: 'Watch a job',
  description: 'Waits for news of a job after afterSeq, or for its end, and answers like llm_job_status.',
  scope: 'jobs:read',
  input: z.strictObject({ jobId, afterSeq, limit, waitMs: z.int().min(0).max(50_000).default(30_000).describe('Longest wait.') }),
  parts: ['job', 'events', 'nextAfterSeq', 'next'],
  run: async (input, call) => {
    const waitMs = Math.min(input.waitMs, call.config.limits.watchMaxMs);
    const pageSize = input.limit ?? call.config.limits.eventPageSize;
    const found = await ownJob(call, input.jobId).wait(input.afterSeq, pageSize, waitMs, LINGER_MS);
    if (found?.ok) await call.progress(progressLine(found.value.job));
    return statusAnswer(found, input.jobId, call);
  },
});

export const jobResult = tool({
  name: 'llm_job_result',
  title: 'Job result',
  description: "A job's answer page by page, also while it runs; raw gives what the CLI itself wrote.",
  scope: 'jobs:read',
  input: z.strictObject({
    jobId,
    offset: z.int().min(0).default(0).describe('nextOffset of an earlier answer.'),
    maxChars: z.int().min(1).max(120_000).describe('Size of the page (default 60000).').optional(),
    raw: z.enum(['stdout', 'stderr']).describe("The CLI's own output.").optional(),
  }),
  parts: ['job', 'answer', 'next'],
  run: async (input, call) => {
    const { resultPageChars, resultPageMaxChars } = call.config.limits;
    const maxChars = Math.min(input.maxChars ?? resultPageChars, resultPageMaxChars);
    const found = await ownJob(call, input.jobId).text(input.raw ?? 'answer', input.offset, maxChars);
    if (!found) return unknownJob(input.jobId);
    return found.ok ? ok(answerOf(found.value)) : found;
  },
});

export const jobCancel = tool({
  name: 'llm_job_cancel',
  title: 'Cancel a job',
  description: 'Ends a queued or running job. What it wrote is kept.',
  scope: 'jobs:run',
  input: z.strictObject({ jobId }),
  parts: ['job', 'next'],
  run: async (input, call) => {
    const canceled = await ownJob(call, input.jobId).cancel();
    if (!canceled) return unknownJob(input.jobId);
    return ok({ job: { ...canceled.job, alreadyOver: canceled.over || undefined }, next: nextFor(canceled.job) });
  },
});

export const jobDelete = tool({
  name: 'llm_job_delete',
  title: 'Delete a job',
  description: 'Deletes a job that is over, with its answer and its log. Jobs go by themselves after 30 days.',
  scope: 'jobs:run',
  input: z.strictObject({ jobId }),
  parts: ['job'],
  run: async (input, call) => {
    const removed = await ownJob(call, input.jobId).remove();
    if (!removed) return unknownJob(input.jobId);
    if (!removed.ok) return removed;
    await ownAccount(call).forget(input.jobId);
    return ok({ job: { ...removed.value, deleted: true } });
  },
});

export const jobList = tool({
  name: 'llm_job_list',
  title: 'List jobs',
  description: 'Your jobs, newest first.',
  scope: 'jobs:read',
  input: z.strictObject({
    state: z.enum(STATES).optional(),
    provider: z.string().max(32).optional(),
    cursor: z
      .string()
      .regex(/^\d{1,15}$/, 'must be the nextCursor of an earlier answer')
      .optional(),
    limit: z.int().min(1).max(100).default(20),
  }),
  parts: ['jobs', 'nextCursor'],
  run: async ({ state, provider, cursor, limit: size }, call) => {
    const before = cursor === undefined ? undefined : Number(cursor);
    const entries = await ownAccount(call).list({ state, provider, before, limit: size });
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
    const nextCursor = entries.length === size ? entries.at(-1)?.place.toString() : undefined;
    return ok({ jobs, nextCursor });
  },
});
