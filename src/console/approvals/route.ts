import type { Context } from 'hono';
import { z } from 'zod';
import { type Approval, argumentsOfCall } from '../../account/tables/approvals.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { type GrantName, grantNameOf, grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { sentence, toToolError } from '../../errors.ts';
import { escapeInvisible } from '../../mcp/result/render.ts';
import { accountOf } from '../../objects.ts';
import { consolePage } from '../console-page.ts';
import { approvalsPage, type ShownApproval } from './view.ts';

/** Decided approvals on the page. */
const DECIDED_SHOWN = 30;

/** The argument that a person reads as text: a call's prompt or a step's input. */
const Text = z
  .object({ prompt: z.string().optional(), input: z.string().optional() })
  .transform(({ prompt, input }) => prompt ?? input);

function shownApproval(approval: Approval, grants: GrantName[]): ShownApproval {
  const { prompt, input, ...rest } = argumentsOfCall(approval.call);
  const text = Text.parse({ prompt, input });
  const { call, decidedBy } = approval;
  return {
    ...approval,
    tool: escapeInvisible(call.tool),
    text: text === undefined ? undefined : escapeInvisible(text),
    rest: Object.keys(rest).length > 0 ? escapeInvisible(JSON.stringify(rest, null, 2)) : undefined,
    reason: sentence(approval.reason),
    requester: grantNameOf(grants, call.grant),
    client: call.client,
    decidedBy: decidedBy && grantNameOf(grants, decidedBy),
  };
}

interface ApprovalsOutcome {
  notice?: string;
  problem?: string;
}

async function showApprovals(c: Context<SignedInEnv>, { notice, problem }: ApprovalsOutcome = {}) {
  const account = accountOf(c.env, c.var.person);
  const limit = c.var.config.limits.approvalsPending;
  const [pending, latest, grants] = await Promise.all([
    account.approvals('pending', limit),
    account.approvals(undefined, limit + DECIDED_SHOWN),
    grantNames(c, c.var.person.account),
  ]);
  const decided = latest.filter(({ state }) => state !== 'pending').slice(0, DECIDED_SHOWN);
  const content = approvalsPage({
    pending: pending.map((approval) => shownApproval(approval, grants)),
    decided: decided.map((approval) => shownApproval(approval, grants)),
    notice,
    problem,
  });
  return renderPage(c, 'Approvals', content, { status: problem ? 409 : 200 });
}

const DecisionForm = z.object({
  decision: z.enum(['approve', 'remember', 'deny']),
  comment: z.string().trim().max(500).default(''),
});
const DONE = {
  approve: 'Approved.',
  remember: 'Approved. Similar ones are approved automatically for 1 hour.',
  deny: 'Denied.',
} as const;
const REPEAT = ' The requester can now repeat the identical call once, within 1 hour.';

async function submitDecision(c: Context<SignedInEnv>) {
  const read = DecisionForm.safeParse(Object.fromEntries(await c.req.formData()));
  if (!read.success)
    return showApprovals(c, {
      problem: 'Nothing was decided. Choose Approve or Deny, with a comment of at most 500 characters.',
    });
  const { decision, comment } = read.data;
  const decided = await accountOf(c.env, c.var.person).decide({
    id: c.req.param('id') ?? '',
    approve: decision !== 'deny',
    by: c.var.person.label,
    isGrant: false,
    comment: comment || undefined,
    remember: decision === 'remember',
  });
  if (!decided.ok) return showApprovals(c, { problem: toToolError(decided.failure).message });
  const { kind, job } = decided.value;
  const isPermit = decision === 'approve' && kind === 'call' && job === null;
  return showApprovals(c, { notice: DONE[decision] + (isPermit ? REPEAT : '') });
}

/** The page on which a person decides approvals. */
export const approvals = consolePage('/approvals')
  .get('/approvals', (c) => showApprovals(c))
  .post('/approvals/:id', submitDecision);
