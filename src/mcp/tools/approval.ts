import { z } from 'zod';
import { APPROVAL_STATES } from '../../account/tables/approvals.ts';
import { ok } from '../../errors.ts';
import { approvalView } from '../approval-view.ts';
import { ownAccount, ownJob } from '../call.ts';
import { nextFor } from '../next.ts';
import { cursor, numberOf } from '../paging.ts';
import { tool } from '../tool.ts';

export const approvalList = tool({
  name: 'approval_list',
  title: 'List approvals',
  description: 'Calls, and steps of runs, that wait for a person or were decided, newest first.',
  scope: 'jobs:read',
  input: z.strictObject({
    state: z.enum(APPROVAL_STATES).optional(),
    cursor,
    limit: z.int().min(1).max(100).default(20),
  }),
  parts: ['approvals', 'nextCursor'],
  run: async ({ state, cursor: before, limit }, call) => {
    const found = await ownAccount(call).approvals(state, limit, numberOf(before));
    const nextCursor = found.length === limit ? found.at(-1)?.place.toString() : undefined;
    return ok({ approvals: found.map(approvalView), nextCursor });
  },
});

export const approvalDecide = tool({
  name: 'approval_decide',
  title: 'Decide an approval',
  description:
    'Approves or denies a request that waits for a person; a connection cannot decide its own. An approved request for a job runs; for any other approved call, the requester repeats the identical call within an hour, once.',
  scope: 'approvals:write',
  input: z.strictObject({
    approvalId: z.string().min(1).max(300),
    approve: z.boolean(),
    reason: z.string().max(500).describe('Told to who asked.').optional(),
    alike: z
      .boolean()
      .default(false)
      .describe('Also calls of this connection, tool and rule in the next hour; of a step, the same step again.'),
  }),
  parts: ['approval', 'job', 'next'],
  run: async ({ approvalId: id, approve, reason: comment, alike }, call) => {
    const decided = await ownAccount(call).decide({
      id,
      approve,
      by: call.caller.grant,
      isGrant: true,
      comment,
      remember: alike,
    });
    if (!decided.ok) return decided;
    const { job: jobId } = decided.value;
    const status = jobId === null ? null : await ownJob(call, jobId).status(0, 0);
    const job = status?.ok ? status.value.job : undefined;
    return ok({ approval: approvalView(decided.value), job, next: job && nextFor(job) });
  },
});
