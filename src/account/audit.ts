import { DAY_MS } from '../config.ts';
import { type Failure, fail, toToolError } from '../errors.ts';
import type { AccountContext } from './context.ts';
import { type AuditFacts, AuditHead } from './tables/audit-row.ts';
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

/** What people and tokens do outside of tools, in the words of the audit log. */
type AccessEvent =
  | 'sign in'
  | 'sign in failed'
  | 'consent'
  | 'token created'
  | 'token first used'
  | 'token revoked'
  | 'connection revoked'
  | 'credential set'
  | 'credential removed'
  | 'read';

/** An access to an account. */
export interface Access {
  event: AccessEvent;
  /** The person or the grant that acted. */
  by: string;
  /** What it concerned. */
  what?: string;
  /** The app that was given access. */
  client?: string;
}

/** Longest text of an access in the audit log, in characters. */
const MAX_CHARS = 300;

/** Writes the row of an access. */
export function auditAccess({ audit }: AccountContext, { event, by, what, client }: Access, now: number): void {
  const cut = (text: string) => text.slice(0, MAX_CHARS).toWellFormed();
  audit.add(
    eventFacts('access', cut(by), event, now, {
      client: client === undefined ? null : cut(client),
      reason: what === undefined ? null : cut(what),
    }),
  );
}

const keyOf = (account: string) => `audit-head:${account}`;

/** The head of the audit log that was last kept outside of the account's object, or undefined. */
export async function keptHead({ heads, name }: AccountContext): Promise<AuditHead | undefined> {
  return AuditHead.safeParse(await heads.get(keyOf(name), 'json')).data;
}

/** A new log is kept for the first time after this, in ms. */
const FIRST_MS = 3_600_000;

/** When the head of the audit log has to be kept again, in ms since 1970: once a day while it grows. Infinity if it did not. */
export function headDueAt({ audit, marks }: AccountContext): number {
  const kept = marks.get<{ seq: number; at: number }>('audit_head');
  if (audit.head().seq <= (kept?.seq ?? 0)) return Number.POSITIVE_INFINITY;
  return kept ? kept.at + DAY_MS : (audit.oldest() ?? 0) + FIRST_MS;
}

/** Keeps the head of the audit log outside of the account's object, so that a log whose end was cut off is found by itself. */
export async function keepHead(account: AccountContext, now: number): Promise<void> {
  if (headDueAt(account) > now) return;
  const { audit, heads, marks, name } = account;
  const head = audit.head();
  await heads.put(keyOf(name), JSON.stringify(head));
  marks.put('audit_head', { seq: head.seq, at: now });
}
