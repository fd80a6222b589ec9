import { type Failure, fail, ok, type Result } from '../errors.ts';
import { approvalIdOf } from '../job/view/view.ts';
import { callFacts, eventFacts } from './audit.ts';
import type { AccountContext } from './context.ts';
import { type Approval, approvalScope, type NewApproval } from './tables/approvals.ts';
import { type ToolCall, withDigest } from './tool-call.ts';
import { weigh } from './weigh.ts';

/** Similar calls pass for this long after they were approved for an hour, in ms. */
const REMEMBERED_MS = 3_600_000;
/** Retry hint when too many approvals are pending, in ms. */
const FULL_RETRY_MS = 60_000;

/** An approver's decision. */
export interface Decision {
  id: string;
  approve: boolean;
  /** The approver: a grant, or a person. */
  by: string;
  /** True if a grant decides by itself: it cannot decide its own requests. False if a client passes on what its person answered. */
  isGrant: boolean;
  comment?: string | undefined;
  /** Also approve similar calls for an hour. */
  remember: boolean;
}

/** A step that a run wants to take. `question` is its id in the run. */
export interface Step {
  job: string;
  question: string;
  tool: string;
  input: string;
}

/** The refusal if no more approvals may be pending, or undefined. */
export function checkApprovalCapacity({ approvals, limits }: AccountContext): Failure | undefined {
  const { approvalsPending: max } = limits;
  const queued = approvals.pending();
  return queued < max ? undefined : { code: 'saturated', what: 'approvals', queued, max, retryAfterMs: FULL_RETRY_MS };
}

function openApproval({ approvals, announcements, receiver }: AccountContext, id: string, approval: NewApproval, now: number) {
  approvals.add(id, approval, now);
  if (receiver) announcements.add(id, now);
  return approvals.get(id);
}

/** Requests approval of a call. */
export function requestCallApproval(
  account: AccountContext,
  call: ToolCall,
  facts: Pick<NewApproval, 'rule' | 'reason' | 'job' | 'estimateUsd'>,
  now: number,
): Approval {
  const id = `apr_${crypto.randomUUID().replaceAll('-', '')}`;
  const expiresAt = now + account.limits.approvalTimeoutMs;
  return openApproval(account, id, { ...facts, kind: 'call', call, question: null, expiresAt }, now);
}

const STEP = { kind: 'step', rule: 'permissionMode', reason: 'The run asks before it takes this step.' } as const;

/** A step as a call: by the grant that requested the job, of the tool that the run wants to use. */
function stepCall({ jobs }: AccountContext, { job, tool, input }: Step): ToolCall {
  const { grant_id: grant = '', client = '', origin = '' } = jobs.find(job) ?? {};
  return withDigest({ grant, client, tool, args: { input }, origin });
}

/**
 * Requests approval of a step. Idempotent. The step is approved at once if an identical one was approved for an hour, and denied at once
 * if too many approvals are pending.
 */
export function requestStepApproval(account: AccountContext, step: Step, now: number): Approval {
  const id = approvalIdOf(step.job, step.question);
  const known = account.approvals.find(id);
  if (known) return known;
  const isFull = checkApprovalCapacity(account) !== undefined;
  const call = stepCall(account, step);
  const { job, question } = step;
  const expiresAt = now + account.limits.askTimeoutMs;
  openApproval(account, id, { ...STEP, call, estimateUsd: null, job, question, expiresAt }, now);
  account.audit.add(callFacts(call, 'hold', now, { rule: STEP.rule, reason: STEP.reason, job }));
  const automatic = { id, isGrant: false, remember: false } as const;
  if (isFull)
    decideApproval(account, { ...automatic, approve: false, by: 'the gateway', comment: 'too many approvals are pending' }, now);
  else if (account.approvals.isRemembered(approvalScope({ ...STEP, call }), now))
    decideApproval(account, { ...automatic, approve: true, by: 'an earlier approval of this step' }, now);
  return account.approvals.get(id);
}

/** Why a pending call may no longer be approved, or undefined: its policy was changed and now denies it. */
function policyFailure(account: AccountContext, approval: Approval, now: number): Failure | undefined {
  const { id, kind, state, call } = approval;
  if (kind !== 'call' || state !== 'pending') return undefined;
  const { enforced } = weigh(account, { ...call, args: account.approvals.argumentsOf(approval) }, { running: 0 }, now);
  const { rule, reason } = enforced;
  return enforced.kind === 'hide' || enforced.kind === 'deny'
    ? { code: 'approval_overtaken', approvalId: id, rule, reason }
    : undefined;
}

/** Decides an approval. A job that it held joins the queue; delivering the decision to the job is left to the caller. */
export function decideApproval(account: AccountContext, decision: Decision, now: number): Result<Approval> {
  const { id, approve, by, isGrant, comment = null, remember } = decision;
  const { approvals } = account;
  const approval = approvals.find(id);
  if (!approval) return fail({ code: 'approval_not_found', approvalId: id });
  if (isGrant && approval.call.grant === by) return fail({ code: 'own_approval', approvalId: id });
  const refusal = approve ? policyFailure(account, approval, now) : undefined;
  if (refusal) return fail(refusal);
  const isLate = approval.state === 'pending' && approval.expiresAt <= now;
  const isDecided = !isLate && approvals.decide(id, approve ? 'approved' : 'denied', by, comment, now);
  if (!isDecided) return fail({ code: 'approval_decided', approvalId: id, state: isLate ? 'expired' : approval.state });
  if (approve && remember) approvals.remember(approvalScope(approval), now + REMEMBERED_MS);
  return ok(recordDecision(account, approval, approve ? (remember ? 'approve alike' : 'approve') : 'deny', by, comment, now));
}

/** Expires those of some approvals that are still pending. */
const closeApprovals = (account: AccountContext, approvals: Approval[], by: string, now: number): Approval[] =>
  approvals.flatMap((approval) => {
    const isClosed = account.approvals.decide(approval.id, 'expired', by, null, now);
    return isClosed ? [recordDecision(account, approval, 'expire', by, null, now)] : [];
  });

/** Expires the approvals whose time is over. */
export const expireApprovals = (account: AccountContext, now: number): Approval[] =>
  closeApprovals(account, account.approvals.overdue(now), 'time', now);

/** Expires the pending approvals of a job that is over. */
export const closeApprovalsOfJob = (account: AccountContext, job: string, now: number): Approval[] =>
  closeApprovals(account, account.approvals.ofJob(job), 'the end of its job', now);

/** Applies a decision to the queue and the counters, and audits it. */
function recordDecision(
  { jobs, counters, audit, approvals }: AccountContext,
  { id, kind, call, job, rule }: Approval,
  decision: string,
  by: string,
  reason: string | null,
  now: number,
): Approval {
  const isApproved = decision.startsWith('approve');
  if (kind === 'call' && job && isApproved) jobs.enqueue(job);
  if (kind === 'call' && !job && isApproved) counters.settle(id);
  if (kind === 'call' && !job && !isApproved) counters.release(id);
  const { tool, client, digest } = call;
  const facts = { client, tool, argsHash: digest.hash, args: digest.view, rule, reason, job };
  audit.add(eventFacts('approval', by, decision, now, facts));
  return approvals.get(id);
}
