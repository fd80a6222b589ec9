import { type Failure, toToolError } from '../errors.ts';
import type { Parts } from './context.ts';
import type { AuditFacts } from './tables/audit-row.ts';
import { callFacts, type ToolCall } from './tool-call.ts';
import type { Weighed, Weighing } from './weigh.ts';

/** What a policy that is being tried would have decided, in one word and its rule. */
const shadowWords = (shadow: Weighed | undefined) => shadow && `${shadow.kind} ${shadow.rule}`;

/** Notes what was decided about a call. */
export function noteCall(
  { audit }: Parts,
  call: ToolCall,
  decision: string,
  { enforced, shadow }: Weighing,
  now: number,
  more: Partial<AuditFacts> = {},
): void {
  const { rule, reason } = enforced;
  audit.add(callFacts(call, decision, now, { rule, reason, shadow: shadowWords(shadow) ?? null, ...more }));
}

/** Notes a refusal that came from elsewhere than the policy, and gives it. */
export function noteRefusal(parts: Parts, call: ToolCall, weighing: Weighing, failure: Failure, now: number) {
  const isPolicy = ['hide', 'deny', 'limit', 'busy'].includes(weighing.enforced.kind);
  const reason = isPolicy ? weighing.enforced.reason : toToolError(failure).message;
  noteCall(parts, call, isPolicy ? weighing.enforced.kind : 'refuse', weighing, now, { reason });
  return { ok: false, failure } as const;
}
