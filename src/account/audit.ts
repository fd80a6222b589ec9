import { type Failure, fail, toToolError } from '../errors.ts';
import type { AccountContext } from './context.ts';
import type { AuditFacts } from './tables/audit-row.ts';
import type { ToolCall } from './tool-call.ts';
import type { Weighing } from './weigh.ts';

/** Facts that an audit row may leave out. */
const NONE = { rule: null, reason: null, shadow: null, job: null, costUsd: null } as const;

/** An audit row about a call. */
export const callFacts = (
  { grant, client, tool, digest }: ToolCall,
  decision: string,
  at: number,
  more: Partial<AuditFacts> = {},
): AuditFacts => ({
  ...NONE,
  ...{ kind: 'call', at, grant, client, tool, argsHash: digest.hash, args: digest.view, decision },
  ...more,
});

/** An audit row about a job, an approval or a policy. */
export const eventFacts = (
  kind: AuditFacts['kind'],
  grant: string,
  decision: string,
  at: number,
  more: Partial<AuditFacts>,
): AuditFacts => ({
  ...NONE,
  ...{ client: null, tool: null, argsHash: null, args: null, kind, grant, decision, at },
  ...more,
});

/** Writes the row of a call: the decision, the rule of the policy in force, and what a shadow policy would have decided. */
export function auditCall(
  { audit }: AccountContext,
  call: ToolCall,
  decision: string,
  { enforced, shadow }: Weighing,
  now: number,
  more: Partial<AuditFacts> = {},
): void {
  const { rule, reason } = enforced;
  audit.add(callFacts(call, decision, now, { rule, reason, shadow: shadow ? `${shadow.kind} ${shadow.rule}` : null, ...more }));
}

/** The decision and the reason that the row of a refused call states. */
function refusalFacts({ enforced }: Weighing, failure: Failure): [decision: string, reason: string] {
  if (failure === enforced.failure) return [enforced.kind, enforced.reason];
  return failure.code === 'approval_required' ? ['hold', failure.reason] : ['refuse', toToolError(failure).message];
}

/** Writes the row of a refused call, and returns the refusal. */
export function auditRefusal(account: AccountContext, call: ToolCall, weighing: Weighing, failure: Failure, now: number) {
  const [decision, reason] = refusalFacts(weighing, failure);
  auditCall(account, call, decision, weighing, now, { reason });
  return fail(failure);
}
