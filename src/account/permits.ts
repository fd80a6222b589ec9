import { OWNER } from '../config.ts';
import { fail, ok, type Result } from '../errors.ts';
import { TOKEN_CALLS } from '../policy/risk.ts';
import type { Approval } from './approvals.ts';
import type { OwnedCharge } from './counters.ts';
import { noteCall, noteRefusal } from './notes.ts';
import type { Parts } from './parts.ts';
import { refusalOf, type Weighing } from './permissions.ts';
import { askCall, room } from './questions.ts';
import { callFacts, type ToolCall } from './tool-call.ts';

/** Leave to make a call that makes no job. */
export interface Permit {
  /** What it was counted as, and when in ms since 1970: to take back, should the call do nothing. */
  counted: { charges: OwnedCharge[]; at: number };
  /** The approval that lets it pass, with what the call answered if it was made already. */
  approval?: Approval;
}

/** An approved call may be made for this long after the decision, in ms. */
const APPROVED_MS = 3_600_000;

/** What was decided about a call that has to be asked for, or the question that is put now. */
function held(parts: Parts, call: ToolCall, weighing: Weighing, now: number): Result<Permit> {
  const { enforced } = weighing;
  const { rule, reason } = enforced;
  const known = parts.approvals.ofCall(call, APPROVED_MS, now);
  if (known?.state === 'approved') {
    noteCall(parts, call, 'allow', weighing, now, { reason: `approved by ${known.decidedBy}` });
    return ok({ counted: { charges: [], at: now }, approval: known });
  }
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

/** With these the gateway's own token can always mend a policy that would lock its operator out. */
const MENDING = ['policy_get', 'policy_set', 'policy_test', ...TOKEN_CALLS];

/** Whether a call that makes no job may be made now; if so it is counted. A call that asks nobody is refused where a person would be asked. */
export function permit(parts: Parts, call: ToolCall, asks: boolean, now: number): Result<Permit> {
  if (call.grant === OWNER && MENDING.includes(call.tool)) {
    parts.audit.add(callFacts(call, 'allow', now, { rule: 'owner', reason: 'the gateway token can always mend a policy' }));
    return ok({ counted: { charges: [], at: now } });
  }
  const weighing = parts.permissions.weigh(call, { running: 0 }, now);
  const { enforced } = weighing;
  // What an approved call counts as was reserved when it was asked about.
  const isApproved = enforced.kind === 'limit' && parts.approvals.ofCall(call, APPROVED_MS, now)?.state === 'approved';
  if (isApproved && asks) return held(parts, call, weighing, now);
  const refusal = refusalOf(enforced, call.tool);
  if (refusal) return noteRefusal(parts, call, weighing, refusal, now);
  if (enforced.kind === 'hold' && !asks) {
    const { rule, reason } = enforced;
    const failure = { code: 'policy_denied', tool: call.tool, rule, reason: `${reason}, and here nobody is asked` } as const;
    return noteRefusal(parts, call, weighing, failure, now);
  }
  if (enforced.kind === 'hold') return held(parts, call, weighing, now);
  noteCall(parts, call, 'allow', weighing, now);
  parts.counters.count(weighing.charges, now);
  return ok({ counted: { charges: weighing.charges, at: now } });
}
