import { z } from 'zod';
import type { Limits } from '../../config.ts';
import { ok } from '../../errors.ts';
import type { Removal } from '../../job/removal/erase.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { ownJob } from '../call.ts';
import { upTo } from '../input.ts';
import { maxRequestedChars } from '../result/fit.ts';
import { nextFor } from '../result/next.ts';
import { type Tool, tool } from '../tool.ts';
import { answerOf } from './answer.ts';
import { jobList } from './job-list.ts';
import { jobId, jobStatus, jobWatch, unknownJob } from './watch.ts';

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
    maxPageChars: limits.resultPageMaxChars,
    run: async (input, call) => {
      const found = await ownJob(call, input.jobId).text(input.raw ?? 'answer', input.offset, input.maxChars);
      if (!found) return unknownJob(input.jobId);
      if (!found.ok) return found;
      return ok(answerOf(found.value, maxRequestedChars(input.maxChars, limits)));
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
    description: `Deletes a finished job with its answer, events and, unless other jobs belong to it, its conversation; left names what stays. Jobs are removed automatically ${limits.retentionDays} days after their end.`,
    input: z.strictObject({ jobId }),
    parts: ['job'],
    run: async (input, call) => {
      const removed = await ownJob(call, input.jobId).remove();
      if (!removed) return unknownJob(input.jobId);
      if (!removed.ok) return removed;
      const left = leftWords(removed.value);
      return ok({ job: { ...removed.value.job, deleted: true, ...(left.length > 0 && { left }) } });
    },
  });

/** What stays of a deleted job, in sentences. */
function leftWords({ job: { sessionId, workspace }, otherJobs, copies, isPending }: Removal): string[] {
  return [
    otherJobs > 0 ? `Conversation ${sessionId} stays, because it belongs to ${otherJobs} other jobs too.` : '',
    copies.length > 0 ? `Copies of the conversation stay: ${copies.join(', ')}.` : '',
    workspace === undefined ? '' : `Files in workspace ${workspace} stay.`,
    isPending ? 'The executor does not answer: its files of the job are removed when it does.' : '',
  ].filter(Boolean);
}

/** The tools for jobs, in the order of tools/list. */
export const jobTools = (limits: Limits): Tool[] => [
  jobStatus(limits),
  jobWatch(limits),
  jobResult(limits),
  jobCancel,
  jobDelete(limits),
  jobList,
];
