import {
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequests,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Decision } from '../account/approval.ts';
import { type Approval, previewOf } from '../account/tables/approvals.ts';
import type { Caller } from '../caller.ts';
import { isoTime } from '../clock.ts';
import { escapeInvisible } from '../html/visible.ts';
import type { JobView } from '../job/record.ts';
import { toolNamed } from '../policy/tools.ts';
import { type Call, ownAccount } from './call.ts';

/** Longest form, in characters. A longer one is decided on the page, because nobody may approve what they were not shown. */
const MAX_FORM_CHARS = 8_000;

const Meta = z.looseObject({
  [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({
    elicitation: z.union([z.object({}).strict(), z.looseObject({ form: z.unknown() })]),
  }),
});

/**
 * Whether the client may show approvals of its own calls: it declared that it shows forms, its grant may decide approvals, and its person
 * allowed it at consent. No API token has that, because a program that holds one could answer its own forms.
 */
export const mayShowForms = ({ showsApprovals = false, scopes }: Caller, { mcpReq }: ServerContext): boolean =>
  showsApprovals && scopes.includes('approvals:write') && Meta.safeParse(mcpReq.envelope).success;

/** Calls that change permissions are decided on the page only. */
const isForPage = ({ kind, call }: Approval) => kind === 'call' && toolNamed(call.tool)?.scope === 'admin';

const FORM = {
  type: 'object' as const,
  properties: {
    approve: { type: 'boolean' as const, title: 'Approve', description: 'Allow exactly what is shown.' },
    reason: { type: 'string' as const, title: 'Reason', description: 'Shown to the requester.' },
  },
  required: ['approve'],
};

const Answered = z.object({ approve: z.boolean(), reason: z.string().max(500).optional().catch(undefined) });

function messageFor(approval: Approval): string {
  const { kind, call, rule, reason, estimateUsd, job, expiresAt } = approval;
  const args = previewOf(approval);
  const what =
    kind === 'step'
      ? `A run of job ${job} needs approval before it may use ${escapeInvisible(call.tool)}`
      : `May ${call.client || 'this client'} call ${call.tool}?`;
  const input = escapeInvisible(kind === 'step' ? String(args.input) : JSON.stringify(args, null, 1));
  const facts = [
    `Approval is required: ${reason} (${rule}).`,
    estimateUsd === null ? '' : `Expected cost: $${estimateUsd.toFixed(2)}.`,
    `Without a decision it is denied at ${isoTime(expiresAt)}.`,
  ];
  return [what, input, facts.filter(Boolean).join(' ')].join('\n\n');
}

/** Pending approvals as forms, by their ids. One that cannot be shown whole is left out. */
export function formsOf(approvals: Approval[]): InputRequests {
  const shown = approvals
    .filter((approval) => approval.state === 'pending' && approval.isWhole && !isForPage(approval))
    .map((approval) => ({ id: approval.id, message: messageFor(approval) }))
    .filter(({ message }) => message.length <= MAX_FORM_CHARS);
  return Object.fromEntries(shown.map(({ id, message }) => [id, inputRequired.elicit({ message, requestedSchema: FORM })]));
}

/** The approvals that a job waits for. */
export async function approvalsOfJob(job: JobView, call: Call): Promise<Approval[]> {
  const ids = [job.hold?.approvalId, ...(job.asks ?? []).map(({ approvalId }) => approvalId)].filter((id) => id !== undefined);
  const found = await Promise.all(ids.map((id) => ownAccount(call).approval(id)));
  return found.filter((approval) => approval !== null);
}

/** A person's decision in a form; undefined if the form was closed or not shown. */
function decisionIn(
  responses: Record<string, unknown> | undefined,
  id: string,
): Pick<Decision, 'approve' | 'comment'> | undefined {
  const view = inputResponse(responses, id);
  if (view.kind !== 'elicit') return undefined;
  if (view.action === 'decline') return { approve: false };
  const read = view.action === 'accept' ? Answered.safeParse(view.content) : undefined;
  return read?.success ? { approve: read.data.approve, comment: read.data.reason } : undefined;
}

/** Decides an approval as the person behind the client did in a form. False if there is no decision, or it was refused. */
export async function decideByForm(id: string, responses: Record<string, unknown> | undefined, call: Call): Promise<boolean> {
  const decision = decisionIn(responses, id);
  const approval = decision && (await ownAccount(call).approval(id));
  if (!decision || !approval || isForPage(approval)) return false;
  const by = { by: `a form of ${call.caller.grant}`, isGrant: false, remember: false };
  return (await ownAccount(call).decide({ id, ...decision, ...by })).ok;
}
