import type { Context } from 'hono';
import { z } from 'zod';
import { textsOfArguments } from '../../account/approval-parts.ts';
import { type Approval, previewOf } from '../../account/tables/approvals.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { type GrantName, grantNameOf, grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { sentence, toHttpError, toToolError } from '../../errors.ts';
import { escapeInvisible } from '../../html/visible.ts';
import { accountOf } from '../../objects.ts';
import { consolePage } from '../console-page.ts';
import { approvalPage, approvalsPage, type ShownApproval } from './view.ts';

/** Approvals on a page: pending ones, and decided ones. */
const PENDING_SHOWN = 20;
const DECIDED_SHOWN = 20;

function shownApproval(approval: Approval, grants: GrantName[]): ShownApproval {
  const { call, decidedBy } = approval;
  return {
    ...approval,
    tool: escapeInvisible(call.tool),
    texts: textsOfArguments(previewOf(approval)).map(({ text }) => escapeInvisible(text)),
    reason: sentence(approval.reason),
    requester: grantNameOf(grants, call.grant),
    client: call.client,
    decidedBy: decidedBy && grantNameOf(grants, decidedBy),
  };
}

const numberIn = (text: string | undefined) => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : undefined);

interface ApprovalsOutcome {
  notice?: string;
  problem?: string;
}

async function showApprovals(c: Context<SignedInEnv>, { notice, problem }: ApprovalsOutcome = {}) {
  const account = accountOf(c.env, c.var.person);
  const [pending, decided, grants] = await Promise.all([
    account.approvals('pending', PENDING_SHOWN, numberIn(c.req.query('before'))),
    account.approvals('decided', DECIDED_SHOWN),
    grantNames(c, c.var.person.account),
  ]);
  const content = approvalsPage({
    pending: pending.map((approval) => shownApproval(approval, grants)),
    older: pending.length === PENDING_SHOWN ? pending.at(-1)?.place : undefined,
    decided: decided.map((approval) => shownApproval(approval, grants)),
    notice,
    problem,
  });
  return renderPage(c, 'Approvals', content, { status: problem ? 409 : 200 });
}

/** A long call, part by part, because a page of the whole would be too large. */
async function showApproval(c: Context<SignedInEnv>) {
  const id = c.req.param('id') ?? '';
  const account = accountOf(c.env, c.var.person);
  const [found, part] = await Promise.all([account.approval(id), account.approvalPart(id, numberIn(c.req.query('part')) ?? 1)]);
  if (!found || !part) return toHttpError({ code: 'approval_not_found', approvalId: id });
  const approval = shownApproval(found, await grantNames(c, c.var.person.account));
  return renderPage(c, 'Approval', approvalPage(approval, { ...part, text: escapeInvisible(part.text) }));
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

/** The pages on which a person decides approvals. */
export const approvals = consolePage('/approvals')
  .get('/approvals', (c) => showApprovals(c))
  .get('/approvals/:id', showApproval)
  .post('/approvals/:id', submitDecision);
