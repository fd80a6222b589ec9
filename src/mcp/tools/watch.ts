import { z } from 'zod';
import type { Event } from '../../../container/protocol.ts';
import { type Limits, rangeOf } from '../../config.ts';
import { cutValue, jsonLength } from '../../cut-text.ts';
import { fail, ok, type Result } from '../../errors.ts';
import type { JobStatus } from '../../job/job.ts';
import { isOver } from '../../job/machine.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { type Call, ownAccount, ownJob } from '../call.ts';
import { upTo } from '../input.ts';
import { maxResultChars } from '../result/fit.ts';
import { nextFor } from '../result/next.ts';
import { progressLine } from '../result/render.ts';
import { type ToolAnswer, tool } from '../tool.ts';
import { answerOf } from './answer.ts';

export const jobId = z.string().min(1).max(64);
const page = ({ eventPageSize }: Limits) => ({
  jobId,
  afterSeq: z.int().min(0).default(0).describe('Events after this one (nextAfterSeq of an earlier answer).'),
  limit: upTo(rangeOf('eventPageSize').max, eventPageSize).describe('Most events in the page.'),
});

export const unknownJob = (id: string) => fail({ code: 'job_not_found', jobId: id });

/** Longest text of an event in UTF-16 units, and most entries of a list in it. */
const MAX_EVENT_TEXT_CHARS = 4_000;
const MAX_EVENT_ENTRIES = 50;

/** Events as answers show them: long texts cut, adjacent pieces of text or thinking joined under the number of the last piece. */
function shownEvents(events: Event[]): Event[] {
  const joined: Event[] = [];
  for (const whole of events) {
    const event = cutValue(whole, MAX_EVENT_TEXT_CHARS, MAX_EVENT_ENTRIES);
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
  return ok({ job: { ...job, queuePlace }, events: shownEvents(events), nextAfterSeq, next: nextFor(job, nextAfterSeq) });
}

export const jobStatus = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobStatus,
    title: 'Job status',
    description: 'State, last activity, usage and cost of a job, and a page of its events.',
    input: z.strictObject(page(limits)),
    parts: ['job', 'events', 'nextAfterSeq', 'next'],
    run: async (input, call) => {
      const found = await ownJob(call, input.jobId).status(input.afterSeq, input.limit, limits.eventPageChars);
      return statusAnswer(found, input.jobId, call);
    },
  });

/** Events that follow the first one within this time are returned with it, and progress is sent no more often, in ms. */
const LINGER_MS = 1_000;

/** Whether events that the watching caller has not seen need its attention: a denial, or a step that waits for approval. */
const needsAttention = ({ job, events, nextAfterSeq }: JobStatus): boolean =>
  isOver(job.state) ||
  events.some(({ kind }) => kind === 'denied') ||
  (job.asks !== undefined && (nextAfterSeq < job.lastSeq || events.some(({ kind }) => kind === 'ask')));

/** What a watch waits for a change of: the state, the open approvals and the denials. */
const standingOf = ({ state, asks = [], denials = [] }: JobStatus['job'], isStarting: boolean): string =>
  JSON.stringify([
    isStarting && state === 'queued' ? 'running' : state,
    asks.map(({ approvalId }) => approvalId),
    denials.length,
  ]);

/** Waits for a change of a job that its caller has to know, and sends progress. A job that has its turn and starts has not changed. */
async function awaitChange(first: JobStatus, until: number, call: Call): Promise<void> {
  const { progressIntervalMs } = call.config.limits;
  const { id } = first.job;
  const isStarting = first.job.state === 'queued' && (await ownAccount(call).queuePlace(id)) === undefined;
  const before = standingOf(first.job, isStarting);
  let latest = first.job;
  await call.client.progress(progressLine(latest));
  while (standingOf(latest, isStarting) === before && Date.now() < until && !call.client.signal.aborted) {
    const waitMs = Math.min(until - Date.now(), progressIntervalMs);
    const status = await ownJob(call, id).wait(latest.lastSeq, 0, waitMs, LINGER_MS);
    if (!status?.ok) return;
    latest = status.value.job;
    await call.client.progress(progressLine(latest));
  }
}

interface Watch {
  jobId: string;
  afterSeq: number;
  limit: number;
  waitMs: number;
}

/** Waits for a change and returns the job with the events up to then; once it is over, with the first page of its answer. */
async function watchChange({ jobId: id, afterSeq, limit, waitMs }: Watch, call: Call): Promise<Result<ToolAnswer>> {
  const { limits } = call.config;
  const until = Date.now() + waitMs;
  const read = () => ownJob(call, id).status(afterSeq, limit, limits.eventPageChars);
  const page = await read();
  // A cursor that is ahead of the job is refused only if the job does not reach it.
  const first = page?.ok === false ? await ownJob(call, id).status(0, 0) : page;
  if (first?.ok && !needsAttention(first.value)) await awaitChange(first.value, until, call);
  const status = await statusAnswer(await read(), id, call);
  if (!status.ok || !status.value.job || !isOver(status.value.job.state)) return status;
  const text = await ownJob(call, id).text('answer', 0, limits.resultPageChars);
  if (!text?.ok) return status;
  const { events, nextAfterSeq } = status.value;
  return ok({ ...answerOf(text.value, maxResultChars(limits) - jsonLength(events)), events, nextAfterSeq });
}

export const jobWatch = (limits: Limits) =>
  tool({
    ...GATEWAY_TOOLS.jobWatch,
    title: 'Watch a job',
    description:
      'Waits until a job ends, changes its state, needs approval or is denied a tool. Returns what llm_job_status returns, and at the end the answer.',
    input: z.strictObject({
      ...page(limits),
      waitMs: upTo(limits.watchMaxMs, limits.watchMs, 0).describe('Longest wait.'),
      until: z.enum(['change', 'event']).default('change').describe('event: returns at the next event.'),
    }),
    parts: ['job', 'answer', 'events', 'nextAfterSeq', 'next'],
    run: async ({ until, ...input }, call) => {
      if (until === 'change') return watchChange(input, call);
      const { afterSeq, limit, waitMs } = input;
      const found = await ownJob(call, input.jobId).wait(afterSeq, limit, waitMs, LINGER_MS, limits.eventPageChars);
      if (found?.ok) await call.client.progress(progressLine(found.value.job));
      return statusAnswer(found, input.jobId, call);
    },
  });
