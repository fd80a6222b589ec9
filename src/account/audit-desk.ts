import { RpcTarget } from 'cloudflare:workers';
import type { AuditFilter } from './audit-log.ts';
import { type AuditHead, type AuditRow, brokenAt } from './audit-row.ts';
import type { Parts } from './parts.ts';

/** Rows that are verified in one go. */
const VERIFIED_AT_ONCE = 1_000;

/** How the chain of the log stands. */
export interface AuditState {
  /** What the oldest row that is kept follows, and the newest row. */
  base: AuditHead;
  head: AuditHead;
  /** Number of the first row that does not follow from the one before it. */
  brokenAt?: number;
}

/** The audit log of an account, as its pages and tools read it. */
export class AuditDesk extends RpcTarget {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  /** Newest first, below a number where one is given. */
  list(filter: AuditFilter, limit: number, before?: number): AuditRow[] {
    return this.#parts.audit.list(filter, limit, before);
  }

  /** Oldest first, after a number: for copies of the whole log. */
  after(seq: number, limit: number): AuditRow[] {
    return this.#parts.audit.after(seq, limit);
  }

  ends(): Pick<AuditState, 'base' | 'head'> {
    return { base: this.#parts.audit.base(), head: this.#parts.audit.head() };
  }

  /** Computes the whole chain anew. */
  verify(): AuditState {
    const { audit } = this.#parts;
    const ends = this.ends();
    for (let before = ends.base; before.seq < ends.head.seq; ) {
      const rows = audit.after(before.seq, VERIFIED_AT_ONCE);
      const broken = rows.length === 0 ? before.seq + 1 : brokenAt(rows, before);
      if (broken !== undefined) return { ...ends, brokenAt: broken };
      before = rows.at(-1) ?? before;
    }
    return ends;
  }
}
