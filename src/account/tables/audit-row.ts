import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What a row tells of: a decision on a call, a job's turn or end, a person's decision, or another policy. */
export const AUDIT_KINDS = ['call', 'start', 'end', 'approval', 'policy'] as const;

const text = z.string().nullable();

/** What happened once. Times are ms since 1970; what does not apply is null. */
export const AuditFacts = z.object({
  at: z.number(),
  kind: z.enum(AUDIT_KINDS),
  /** Who acted: a grant, or a person in a browser. */
  grant: z.string(),
  /** What the client calls itself. */
  client: text,
  tool: text,
  /** SHA-256 of the arguments. */
  argsHash: text,
  /** The arguments, short and without secrets. */
  args: text,
  decision: z.string(),
  /** Place in the policy that decided. */
  rule: text,
  reason: text,
  /** What the policy that is being tried would have decided, and by which rule. */
  shadow: text,
  job: text,
  costUsd: z.number().nullable(),
});
export type AuditFacts = z.infer<typeof AuditFacts>;

const Said = AuditFacts.extend({ account: z.string() });
/** What a row says: what happened, and in which account, so that no account's log passes for another's. */
export type Said = z.infer<typeof Said>;

/** A row of the log: it holds the hash of the one before, so that none can be taken out or changed unseen. */
export const AuditRow = Said.extend({ seq: z.int(), hash: z.string() });
export type AuditRow = z.infer<typeof AuditRow>;

/** The end of the chain, or of the part of it that was removed by age. */
export const AuditHead = z.object({ seq: z.int(), hash: z.string() });
export type AuditHead = z.infer<typeof AuditHead>;

/** What the oldest row that is kept follows, and the newest row. */
export interface AuditEnds {
  base: AuditHead;
  head: AuditHead;
}

/** Before the first row. */
export const GENESIS: AuditHead = { seq: 0, hash: '' };

/** Hash of a row that follows another, over all that it says. */
export function hashOf(said: Said, before: AuditHead): string {
  return createHash('sha256')
    .update(JSON.stringify([before.hash, before.seq + 1, ...Object.values(Said.parse(said))]))
    .digest('hex');
}

/** The number of the first row that does not follow from the one before it; undefined where all do. Rows come oldest first. */
export function brokenAt(rows: AuditRow[], base: AuditHead): number | undefined {
  let before = base;
  for (const row of rows) {
    if (row.seq !== before.seq + 1 || row.hash !== hashOf(row, before)) return before.seq + 1;
    before = row;
  }
  return undefined;
}
