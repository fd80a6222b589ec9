import { OWNER } from '../caller.ts';
import { type Failure, fail, ok, type Result } from '../errors.ts';
import { API_CALLS, GATEWAY_TOOLS } from '../policy/tools.ts';
import { checkApprovalCapacity, requestCallApproval } from './approval.ts';
import { auditCall, auditRefusal, callFacts } from './audit.ts';
import { mayShowOwnOnly } from './circumstances.ts';
import type { AccountContext } from './context.ts';
import { type Approval, holdOf } from './tables/approvals.ts';
import type { OwnedCharge } from './tables/counters.ts';
import type { ToolCall } from './tool-call.ts';
import { type Weighing, weigh } from './weigh.ts';

/** A decision that a call which makes no job may run now, once. */
export interface Permit {
  /** What the call was counted as, and when in ms since 1970. */
  charges: OwnedCharge[];
  at: number;
  /** The approval that the call used up. */
  approvalId?: string;
  /** The grant whose entries alone a list may show; absent if it may show all of the account. */
  onlyGrant?: string;
}

/** An approved call may be repeated for this long after the decision, in ms. */
const PERMIT_MS = 3_600_000;

/** The gateway token may always make these calls, so that no policy locks the operator out. */
const OWNER_ALWAYS_ALLOWED = ['policy_get', 'policy_set', 'policy_test', ...API_CALLS];

/** Whether a call cancels a job that its own grant requested. */
const isOwnCancel = ({ jobs }: AccountContext, { tool, grant, args }: ToolCall) =>
  tool === GATEWAY_TOOLS.jobCancel.name && jobs.find(String(args.jobId))?.grant_id === grant;

/** Refunds the charges of a call that did nothing, and makes its approval usable again. */
export function refundPermit({ counters, approvals }: AccountContext, { charges, at, approvalId }: Permit): void {
  counters.refund(charges, at);
  if (approvalId !== undefined) approvals.use(approvalId, null);
}

/** Why a call that needs approval may not run now: too many approvals are pending, or its own is, which is requested if it was not. */
function requireApproval(
  account: AccountContext,
  call: ToolCall,
  { enforced, charges }: Weighing,
  pending: Approval | undefined,
  now: number,
): Failure {
  const { rule, reason } = enforced;
  const full = pending ? undefined : checkApprovalCapacity(account);
  if (full) return full;
  const approval = pending ?? requestCallApproval(account, call, { rule, reason, job: null, estimateUsd: null }, now);
  if (!pending) account.counters.reserve(approval.id, charges, now);
  const { approvalId, expiresAt, url } = holdOf(approval);
  return { code: 'approval_required', tool: call.tool, rule, reason, approvalId, expiresAt, url };
}

/** Decides whether a call that makes no job may run now, and counts it if so. Without `hasApprovals`, a call that needs approval is refused. */
export function permitCall(account: AccountContext, call: ToolCall, hasApprovals: boolean, now: number): Result<Permit> {
  const { audit, approvals, counters, policies } = account;
  const { tool, grant } = call;
  if (grant === OWNER && OWNER_ALWAYS_ALLOWED.includes(tool)) {
    audit.add(callFacts(call, 'allow', now, { rule: 'owner', reason: 'the gateway token is never locked out' }));
    return ok({ charges: [], at: now });
  }
  if (isOwnCancel(account, call)) {
    audit.add(callFacts(call, 'allow', now, { rule: 'own job', reason: 'a requester may always cancel its own job' }));
    return ok({ charges: [], at: now });
  }
  const weighing = weigh(account, call, { running: 0 }, now);
  const { rule, reason, kind, failure: refusal } = weighing.enforced;
  const shown = mayShowOwnOnly(policies.enforced(grant).policy, call) ? { onlyGrant: grant } : {};
  const known = hasApprovals && (kind === 'hold' || kind === 'limit') ? approvals.ofCall(call, PERMIT_MS, now) : undefined;
  if (known?.state === 'approved') {
    // Nothing is charged here, because the charges were reserved when the approval was requested.
    approvals.use(known.id, now);
    auditCall(account, call, 'allow', weighing, now, { reason: `approved by ${known.decidedBy}` });
    return ok({ charges: [], at: now, approvalId: known.id, ...shown });
  }
  const refuse = (failure: Failure) => auditRefusal(account, call, weighing, failure, now);
  if (refusal) return refuse(refusal);
  if (known?.state === 'denied') {
    const denial = `a person denied it${known.comment ? `: ${known.comment}` : ''}`;
    auditCall(account, call, 'deny', weighing, now, { reason: denial });
    return fail({ code: 'policy_denied', tool, rule, reason: denial });
  }
  if (kind === 'hold' && hasApprovals) return refuse(requireApproval(account, call, weighing, known, now));
  if (kind === 'hold')
    return refuse({ code: 'policy_denied', tool, rule, reason: `${reason}; approvals are not available on this API` });
  auditCall(account, call, 'allow', weighing, now);
  counters.charge(weighing.charges, now);
  return ok({ charges: weighing.charges, at: now, ...shown });
}
