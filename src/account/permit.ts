import { OWNER } from '../caller.ts';
import { fail, ok, type Result } from '../errors.ts';
import { TOKEN_CALLS } from '../policy/risk.ts';
import { askCall, room } from './ask.ts';
import { noteCall, noteRefusal } from './audit.ts';
import type { Parts } from './context.ts';
import type { Approval } from './tables/approvals.ts';
import type { OwnedCharge } from './tables/counters.ts';
import { callFacts, type ToolCall } from './tool-call.ts';
import { refusalOf, type Weighing } from './weigh.ts';

/** A decision that a call which makes no job may run now, once. */
export interface Permit {
  /** What the call was counted as, and when in ms since 1970. */
  charges: OwnedCharge[];
  at: number;
  /** The approval that was used up by the call. */
  approvalId?: string;
}

/** An approved call may be repeated for this long after the decision, in ms. */
const PERMIT_MS = 3_600_000;

/** Refunds the charges of a call that did nothing, and makes its approval usable again. */
export function refund({ counters, approvals }: Parts, { charges, at, approvalId }: Permit): void {
  counters.uncount(charges, at);
  if (approvalId !== undefined) approvals.use(approvalId, null);
}

/** What was decided about a call that has to be asked for and is not approved, or the question that is put now. */
function held(parts: Parts, call: ToolCall, weighing: Weighing, known: Approval | undefined, now: number): Result<Permit> {
  const { rule, reason } = weighing.enforced;
  if (known?.state === 'denied') {
    const said = known.said ? `a person denied it: ${known.said}` : 'a person denied it';
    noteCall(parts, call, 'deny', weighing, now, { reason: said });
    return fail({ code: 'policy_denied', tool: call.tool, rule, reason: said });
  }
  const free = known ? ok(null) : room(parts);
  if (!free.ok) return noteRefusal(parts, call, weighing, free.failure, now);
  const { approvalId, expiresAt, url } = known
    ? { approvalId: known.id, expiresAt: known.expiresAt, url: `${call.origin}/approvals` }
    : askCall(parts, call, { rule, reason }, { job: null, estimateUsd: null }, now);
  if (!known) parts.counters.reserve(approvalId, weighing.charges, now);
  noteCall(parts, call, 'hold', weighing, now);
  return fail({ code: 'approval_required', tool: call.tool, rule, reason, approvalId, expiresAt, url });
}

/** With these the gateway's own token is never locked out by a policy. */
const MENDING = ['policy_get', 'policy_set', 'policy_test', ...TOKEN_CALLS];

/** Whether a call that makes no job may be made now; if so it is counted. A call that asks nobody is refused where a person would be asked. */
export function permit(parts: Parts, call: ToolCall, asks: boolean, now: number): Result<Permit> {
  const { tool, grant } = call;
  if (grant === OWNER && MENDING.includes(tool)) {
    parts.audit.add(callFacts(call, 'allow', now, { rule: 'owner', reason: 'the gateway token is never locked out' }));
    return ok({ charges: [], at: now });
  }
  const weighing = parts.permissions.weigh(call, { running: 0 }, now);
  const { enforced, charges } = weighing;
  const { kind, rule, reason } = enforced;
  const known = asks && (kind === 'hold' || kind === 'limit') ? parts.approvals.ofCall(call, PERMIT_MS, now) : undefined;
  if (known?.state === 'approved') {
    // What it counts as was reserved when it was asked about.
    noteCall(parts, call, 'allow', weighing, now, { reason: `approved by ${known.decidedBy}` });
    parts.approvals.use(known.id, now);
    return ok({ charges: [], at: now, approvalId: known.id });
  }
  const refusal = refusalOf(enforced, tool);
  if (refusal) return noteRefusal(parts, call, weighing, refusal, now);
  if (kind === 'hold' && asks) return held(parts, call, weighing, known, now);
  if (kind === 'hold')
    return noteRefusal(
      parts,
      call,
      weighing,
      { code: 'policy_denied', tool, rule, reason: `${reason}, and here nobody is asked` },
      now,
    );
  noteCall(parts, call, 'allow', weighing, now);
  parts.counters.count(charges, now);
  return ok({ charges, at: now });
}
