import { z } from 'zod';
import { APPROVAL_STATES } from '../../account/tables/approvals.ts';
import { ok } from '../../errors.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { ownAccount, ownJob } from '../call.ts';
import { approvalView } from '../result/envelope.ts';
import { nextFor } from '../result/next.ts';
import { tool } from '../tool.ts';
import { pageInput, pageOf, placeAfter } from './page.ts';

export const approvalList = tool({
  ...GATEWAY_TOOLS.approvalList,
  title: 'List approvals',
  description: 'Approvals of calls and of steps in runs, pending or decided, newest first.',
  input: z.strictObject({
    state: z.enum(APPROVAL_STATES).optional(),
    ...pageInput(20, 100),
  }),
  parts: ['approvals', 'nextCursor'],
  run: async ({ cursor, limit, ...filter }, call, _asked, permit) => {
    const before = placeAfter(cursor, filter);
    if (!before.ok) return before;
    const entries = await ownAccount(call).approvals(filter.state, limit, before.value, permit?.onlyGrant);
    const mayDecide = call.caller.scopes.includes(GATEWAY_TOOLS.approvalDecide.scope);
    const { shown: approvals, nextCursor } = pageOf(
      { entries, limit, filter },
      ({ place }) => place,
      (approval) => approvalView(approval, mayDecide),
    );
    return ok({ approvals, nextCursor });
  },
});

export const approvalDecide = tool({
  ...GATEWAY_TOOLS.approvalDecide,
  title: 'Decide an approval',
  description:
    'Approves or denies a call or a step; a connection cannot decide its own. An approved request runs. Any other approved call is repeated unchanged by its requester, once within an hour.',
  input: z.strictObject({
    approvalId: z.string().min(1).max(300),
    approve: z.boolean(),
    reason: z.string().max(500).describe('Shown to the requester.').optional(),
    alike: z
      .boolean()
      .default(false)
      .describe('Also approves similar calls (same connection, tool and rule) for an hour; for a step, the identical step.'),
  }),
  parts: ['approval', 'job', 'next'],
  run: async ({ approvalId: id, approve, reason: comment, alike: remember }, call) => {
    const by = { by: call.caller.grant, isGrant: true };
    const decided = await ownAccount(call).decide({ id, approve, comment, remember, ...by });
    if (!decided.ok) return decided;
    const { job: jobId } = decided.value;
    const status = jobId === null ? null : await ownJob(call, jobId).status(0, 0);
    const job = status?.ok ? status.value.job : undefined;
    return ok({ approval: approvalView(decided.value, true), job, next: job && nextFor(job) });
  },
});
