import {
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequests,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Decision } from '../account/approval.ts';
import { type Approval, argumentsOfCall } from '../account/tables/approvals.ts';
import type { JobView } from '../job/record.ts';
import { type Call, ownAccount } from './call.ts';
import { exact } from './render.ts';

/** Longest question, in characters: what is longer is decided on the page, because nobody approves what they were not shown. */
const QUESTION_CHARS = 8_000;

const Meta = z.looseObject({
  [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({
    elicitation: z.union([z.object({}).strict(), z.looseObject({ form: z.unknown() })]),
  }),
});

/** Whether the client said with this very request that it shows forms to its person. */
export const takesForms = ({ mcpReq }: ServerContext): boolean => Meta.safeParse(mcpReq.envelope).success;

const FORM = {
  type: 'object' as const,
  properties: {
    approve: { type: 'boolean' as const, title: 'Approve', description: 'Let it happen, just as it is shown.' },
    reason: { type: 'string' as const, title: 'Reason', description: 'Told to who asked.' },
  },
  required: ['approve'],
};

const Answered = z.object({ approve: z.boolean(), reason: z.string().max(500).optional().catch(undefined) });

function words(approval: Approval): string {
  const { kind, call, rule, reason, estimateUsd, job, expiresAt } = approval;
  const args = argumentsOfCall(call);
  const what =
    kind === 'step'
      ? `A run of job ${job} asks whether it may use ${exact(call.tool)}`
      : `May ${call.client || 'this client'} call ${call.tool}?`;
  const input = exact(kind === 'step' ? String(args.input) : JSON.stringify(args, null, 1));
  const facts = [
    `Why it is asked: ${reason} (${rule}).`,
    estimateUsd === null ? '' : `It is expected to cost about $${estimateUsd.toFixed(2)}.`,
    `Without an answer it is refused at ${new Date(expiresAt).toISOString()}.`,
  ];
  return [what, input, facts.filter(Boolean).join(' ')].join('\n\n');
}

/** Questions as forms, by their ids. What cannot be shown whole is left out. */
export function formsOf(approvals: Approval[]): InputRequests {
  const shown = approvals
    .filter(({ state }) => state === 'pending')
    .map((approval) => ({ id: approval.id, message: words(approval) }))
    .filter(({ message }) => message.length <= QUESTION_CHARS);
  return Object.fromEntries(shown.map(({ id, message }) => [id, inputRequired.elicit({ message, requestedSchema: FORM })]));
}

/** The questions that a job waits for. */
export async function questionsOf(job: JobView, call: Call): Promise<Approval[]> {
  const ids = [job.hold?.approvalId, ...(job.asks ?? []).map(({ approvalId }) => approvalId)].filter((id) => id !== undefined);
  const found = await Promise.all(ids.map((id) => ownAccount(call).approval(id)));
  return found.filter((approval) => approval !== null);
}

/** What a person answered to a form; undefined where nobody did. */
function answered(responses: Record<string, unknown> | undefined, id: string): Pick<Decision, 'approve' | 'comment'> | undefined {
  const view = inputResponse(responses, id);
  if (view.kind !== 'elicit') return undefined;
  if (view.action === 'decline') return { approve: false };
  const read = view.action === 'accept' ? Answered.safeParse(view.content) : undefined;
  return read?.success ? { approve: read.data.approve, comment: read.data.reason } : undefined;
}

/** Decides a question as the person behind the client answered it. False where nobody did, or it could not be decided so. */
export async function decideByForm(id: string, responses: Record<string, unknown> | undefined, call: Call): Promise<boolean> {
  const answer = answered(responses, id);
  if (!answer) return false;
  const decision = { id, ...answer, by: call.caller.grant, isGrant: false, remember: false };
  return (await ownAccount(call).decide(decision)).ok;
}
