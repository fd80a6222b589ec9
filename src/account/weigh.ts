import type { Failure } from '../errors.ts';
import { evaluateWithin } from '../policy/ceiling.ts';
import { CALLS, type Policy } from '../policy/compile.ts';
import { type Overrun, overrun } from '../policy/counting.ts';
import type { PolicyReason } from '../policy/evaluate.ts';
import { isOwnJob } from './circumstances.ts';
import type { AccountContext } from './context.ts';
import { approvalScope } from './tables/approvals.ts';
import type { OwnedCharge, Used } from './tables/counters.ts';
import type { ToolCall } from './tool-call.ts';

/** What a policy and its counters decide on a call. */
export interface PolicyDecision extends PolicyReason {
  kind: 'hide' | 'deny' | 'limit' | 'busy' | 'hold' | 'allow';
  /** The refusal as the caller receives it; absent for `hold` and `allow`. */
  failure?: Failure;
  /** What the call counts as; empty for `hide` and `deny`. */
  charges: OwnedCharge[];
}

/** The decision of the policy in force, and that of the shadow policy. */
export interface Weighing {
  enforced: PolicyDecision;
  shadow: PolicyDecision | undefined;
  /** What the call counts as if it is made. The shadow policy has counters of its own. */
  charges: OwnedCharge[];
}

/** Facts about a call that its arguments do not state. */
export interface Circumstances {
  /** What its job is expected to use; absent for a call that makes no job. */
  estimate?: Used;
  /** Unfinished jobs of its grant and tool. */
  running: number;
}

/** Retry hint for a caller with too many jobs of a tool, in ms. */
const BUSY_RETRY_MS = 15_000;
/** Begins the owners of the counters of shadow policies. */
export const SHADOW = 'shadow:';

const limitReason = ({ used, amount, max, unit }: Overrun) =>
  unit === CALLS
    ? `${used} calls were made, limit ${max}`
    : `${used} used, limit ${max} (${unit}); this call counts as ${amount}`;

function limitFailure({ rule, unit, retryAfterMs }: Overrun, reason: string): Failure {
  const code = unit === CALLS ? 'rate_limited' : 'budget_exceeded';
  return { code, rule, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

const ownerOf = ({ scope }: { scope: 'grant' | 'account' }, grant: string, prefix: string) =>
  `${prefix}${scope === 'account' ? 'account' : `grant:${grant}`}`;

/** Decides on a call under one policy, with the counters of `prefix`. Changes nothing. */
export function decideUnder(
  { counters, approvals, jobs }: AccountContext,
  policy: Policy,
  call: ToolCall,
  { estimate, running }: Circumstances,
  now: number,
  prefix = '',
): PolicyDecision {
  const { grant, tool, args } = call;
  const job = { own: isOwnJob({ jobs }, call) };
  const verdict = evaluateWithin(policy, { tool, args, job, ...(estimate && { estimate }) });
  const { rule, reason } = verdict;
  if (verdict.kind === 'hide') return { kind: 'hide', rule, reason, failure: { code: 'unknown_tool', tool }, charges: [] };
  if (verdict.kind === 'deny')
    return { kind: 'deny', rule, reason, failure: { code: 'policy_denied', tool, rule, reason }, charges: [] };
  const charges = verdict.charges.map((charge) => ({ ...charge, owner: ownerOf(charge, grant, prefix) }));
  const over = overrun(charges, (charge) => counters.used(charge, now), now);
  if (over) {
    const words = limitReason(over);
    return { kind: 'limit', rule: over.rule, reason: words, failure: limitFailure(over, words), charges };
  }
  const { maxRunning } = verdict;
  if (maxRunning && running >= maxRunning.max) {
    const why = { rule: maxRunning.rule, reason: `${running} unfinished jobs of this tool, limit ${maxRunning.max}` };
    return { kind: 'busy', ...why, failure: { code: 'rate_limited', ...why, retryAfterMs: BUSY_RETRY_MS }, charges };
  }
  const open = verdict.approvals.find(
    (why) => !approvals.isRemembered(approvalScope({ kind: 'call', call, rule: why.rule }), now),
  );
  return open ? { kind: 'hold', ...open, charges } : { kind: 'allow', rule, reason, charges };
}

/** Decides on a call under the policy in force, and under the shadow policy of its grant. Changes nothing. */
export function weigh(account: AccountContext, call: ToolCall, circumstances: Circumstances, now: number): Weighing {
  const { policies } = account;
  const enforced = decideUnder(account, policies.enforced(call.grant).policy, call, circumstances, now);
  const tried = policies.shadow(call.grant);
  const shadow = tried && decideUnder(account, tried, call, circumstances, now, SHADOW);
  const passed = [enforced, shadow].filter((decision) => decision !== undefined && decision.failure === undefined);
  return { enforced, shadow, charges: passed.flatMap((decision) => decision?.charges ?? []) };
}
