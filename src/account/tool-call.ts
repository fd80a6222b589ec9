import type { AuditFacts } from './tables/audit-row.ts';

/** A call of a tool as the account judges, keeps and notes it. */
export interface ToolCall {
  grant: string;
  /** What the client calls itself; nobody checked it. */
  client: string;
  tool: string;
  /** As the caller wrote them, after their check. */
  args: Record<string, unknown>;
  /** SHA-256 of the arguments, and a short view of them without secrets. */
  digest: { hash: string; view: string };
  /** Where the gateway's pages are. */
  origin: string;
}

/** Facts that a row of the audit log may leave out. */
const NONE = { rule: null, reason: null, shadow: null, job: null, costUsd: null } as const;

/** A row about a call. */
export const callFacts = (
  { grant, client, tool, digest }: ToolCall,
  decision: string,
  at: number,
  more: Partial<AuditFacts> = {},
): AuditFacts => ({
  ...NONE,
  kind: 'call',
  at,
  grant,
  client,
  tool,
  argsHash: digest.hash,
  args: digest.view,
  decision,
  ...more,
});

/** A row about something else than a call. */
export const otherFacts = (
  kind: AuditFacts['kind'],
  grant: string,
  decision: string,
  at: number,
  more: Partial<AuditFacts>,
): AuditFacts => ({
  ...NONE,
  client: null,
  tool: null,
  argsHash: null,
  args: null,
  kind,
  grant,
  decision,
  at,
  ...more,
});
