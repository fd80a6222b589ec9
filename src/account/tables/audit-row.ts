import { z } from 'zod';
import { sha256Of } from '../digest.ts';

/** Subjects of a row: a decision on a call, a job's start or end, a decision on an approval, a change of policy, access by people and tokens. */
export const AUDIT_KINDS = ['call', 'start', 'end', 'approval', 'policy', 'access'] as const;

const text = z.string().nullable();

/** What a row states. Times are ms since 1970; facts that do not apply are null. */
export const AuditFacts = z.object({
  at: z.number(),
  kind: z.enum(AUDIT_KINDS),
  /** The actor: a grant, or a person in a browser. */
  grant: z.string(),
  /** The name that the client reports. */
  client: text,
  tool: text,
  /** SHA-256 of the arguments. */
  argsHash: text,
  /** A short view of the arguments without secrets. */
  args: text,
  decision: z.string(),
  /** Path of the rule that decided. */
  rule: text,
  reason: text,
  /** What the shadow policy would have decided, and its rule. */
  shadow: text,
  job: text,
  costUsd: z.number().nullable(),
});
export type AuditFacts = z.infer<typeof AuditFacts>;

/** The hashed part of a row. It names the account, so that no account's log passes for another's. */
const AuditContent = AuditFacts.extend({ account: z.string() });
export type AuditContent = z.infer<typeof AuditContent>;

/** A row of the log. Its hash covers the hash of the row before, so that no row can be removed or changed unnoticed. */
export const AuditRow = AuditContent.extend({ seq: z.int(), hash: z.string() });
export type AuditRow = z.infer<typeof AuditRow>;

/** A row's number and hash: the end of the chain, or of the part that was removed by age. */
export const AuditHead = z.object({ seq: z.int(), hash: z.string() });
export type AuditHead = z.infer<typeof AuditHead>;

/** The head that the oldest stored row follows, the newest row, and the head that was last kept outside of the account's object. */
export interface AuditEnds {
  base: AuditHead;
  head: AuditHead;
  kept?: AuditHead;
}

/** The head that the first row follows. */
export const GENESIS: AuditHead = { seq: 0, hash: '' };

/** Hash of a row that follows another. */
export const hashOfRow = (content: AuditContent, before: AuditHead): string =>
  sha256Of([before.hash, before.seq + 1, ...Object.values(AuditContent.parse(content))]);

/** The number of the first row that does not follow from the one before it, or undefined. Rows come oldest first. */
export function brokenAt(rows: AuditRow[], base: AuditHead): number | undefined {
  let before = base;
  for (const row of rows) {
    if (row.seq !== before.seq + 1 || row.hash !== hashOfRow(row, before)) return before.seq + 1;
    before = row;
  }
  return undefined;
}
