import type { AuditLog } from './tables/audit-log.ts';
import { type AuditEnds, brokenAt } from './tables/audit-row.ts';

/** Rows that are verified in one go. */
const AT_ONCE = 1_000;

/** How the chain of the log stands. */
export interface AuditState extends AuditEnds {
  /** Number of the first row that does not follow from the one before it. */
  brokenAt?: number;
}

/** Computes the whole chain anew. */
export function verifyAudit(audit: AuditLog): AuditState {
  const ends = audit.ends();
  for (let before = ends.base; before.seq < ends.head.seq; ) {
    const rows = audit.after(before.seq, AT_ONCE);
    const broken = rows.length === 0 ? before.seq + 1 : brokenAt(rows, before);
    if (broken !== undefined) return { ...ends, brokenAt: broken };
    before = rows.at(-1) ?? before;
  }
  return ends;
}
