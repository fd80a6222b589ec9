import { z } from 'zod';
import { readPage } from '../../sql.ts';
import { type AuditContent, type AuditEnds, AuditFacts, AuditHead, AuditRow, brokenAt, GENESIS, hashOfRow } from './audit-row.ts';

/** Looked-up columns are computed from the facts, so that no copy can differ from them. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY, facts TEXT NOT NULL, hash TEXT NOT NULL,
    at INTEGER AS (facts ->> 'at'), kind TEXT AS (facts ->> 'kind'), grant_id TEXT AS (facts ->> 'grant'), tool TEXT AS (facts ->> 'tool'),
    decision TEXT AS (facts ->> 'decision'), job TEXT AS (facts ->> 'job')
  ) STRICT;
  CREATE INDEX IF NOT EXISTS audit_job ON audit (job);
  CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
  CREATE TABLE IF NOT EXISTS audit_base (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;`;

/** Which rows a list shows. */
export const AuditFilter = z.object({
  kind: AuditFacts.shape.kind.optional(),
  grant: z.string().optional(),
  tool: z.string().optional(),
  decision: z.string().optional(),
  job: z.string().optional(),
});
export type AuditFilter = z.infer<typeof AuditFilter>;

const COLUMNS = { kind: 'kind', grant: 'grant_id', tool: 'tool', decision: 'decision', job: 'job' } as const satisfies Record<
  keyof AuditFilter,
  string
>;

/** Rows that are verified at a time. */
const VERIFIED_ROWS = 1_000;

/** The ends of the chain, and the number of the first row that breaks it. */
export interface AuditState extends AuditEnds {
  brokenAt?: number;
}

const Stored = z.object({ seq: z.number(), hash: z.string(), facts: z.string() });

/** The account's append-only log, chained by hash. */
export class AuditLog {
  readonly #sql: SqlStorage;
  readonly #account: string;

  constructor(storage: DurableObjectStorage, account: string) {
    this.#account = account;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  #head(query: string): AuditHead | undefined {
    const [row] = this.#sql.exec(query).toArray();
    return row && AuditHead.parse(row);
  }

  /** Adds a row. */
  add(facts: AuditFacts): void {
    const before = this.head();
    const content: AuditContent = { ...facts, account: this.#account };
    this.#sql.exec(
      'INSERT INTO audit (seq, facts, hash) VALUES (?, ?, ?)',
      ...[before.seq + 1, JSON.stringify(content), hashOfRow(content, before)],
    );
  }

  /** The head that the oldest stored row follows. */
  base(): AuditHead {
    return this.#head('SELECT seq, hash FROM audit_base') ?? GENESIS;
  }

  /** The newest row. A copy of it kept elsewhere shows whether the end of the log was cut off. */
  head(): AuditHead {
    return this.#head('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1') ?? this.base();
  }

  ends(kept?: AuditHead): AuditEnds {
    return { base: this.base(), head: this.head(), ...(kept && { kept }) };
  }

  /** Whether a head is a row of the log, or older than its oldest row. */
  #contains({ seq, hash }: AuditHead): boolean {
    const base = this.base();
    return seq < base.seq || [base, ...this.after(seq - 1, 1)].some((row) => row.seq === seq && row.hash === hash);
  }

  /** Recomputes the whole chain. The log has to contain the head that was kept elsewhere. */
  verify(kept?: AuditHead): AuditState {
    const ends = this.ends(kept);
    if (kept && !this.#contains(kept)) return { ...ends, brokenAt: Math.min(kept.seq, ends.head.seq + 1) };
    for (let before = ends.base; before.seq < ends.head.seq; ) {
      const rows = this.after(before.seq, VERIFIED_ROWS);
      const broken = rows.length === 0 ? before.seq + 1 : brokenAt(rows, before);
      if (broken !== undefined) return { ...ends, brokenAt: broken };
      before = rows.at(-1) ?? before;
    }
    return ends;
  }

  /** Rows after a number, oldest first. */
  after(seq: number, limit: number): AuditRow[] {
    return this.#page('WHERE seq > ? ORDER BY seq', [seq], limit);
  }

  /** Rows that match a filter, newest first, below the number `before`. */
  list(filter: AuditFilter, limit: number, before = Number.MAX_SAFE_INTEGER): AuditRow[] {
    const wanted = Object.entries(COLUMNS).flatMap(([name, column]) => {
      const value = new Map(Object.entries(filter)).get(name);
      return value === undefined ? [] : [{ column, value }];
    });
    const where = ['seq < ?', ...wanted.map(({ column }) => `${column} = ?`)].join(' AND ');
    return this.#page(`WHERE ${where} ORDER BY seq DESC`, [before, ...wanted.map(({ value }) => value)], limit);
  }

  #page(which: string, values: (string | number)[], limit: number): AuditRow[] {
    const query = `SELECT seq, hash, facts FROM audit ${which} LIMIT ? OFFSET ?`;
    const rowsFrom = (offset: number) => this.#sql.exec(query, ...values, limit, offset).toArray();
    return readPage(limit, rowsFrom, (row) => {
      const { seq, hash, facts } = Stored.parse(row);
      return AuditRow.parse({ ...JSON.parse(facts), seq, hash });
    });
  }

  /** Removes the rows from before a time, and stores the head that the rest follows. */
  removeBefore(before: number): void {
    const last = this.#head(`SELECT seq, hash FROM audit WHERE at < ${Math.floor(before)} ORDER BY seq DESC LIMIT 1`);
    if (!last) return;
    this.#sql.exec('INSERT OR REPLACE INTO audit_base (one, seq, hash) VALUES (1, ?, ?)', last.seq, last.hash);
    this.#sql.exec('DELETE FROM audit WHERE seq <= ?', last.seq);
  }

  /** When the oldest row was written, or null. */
  oldest(): number | null {
    const [row] = this.#sql.exec<{ at: number | null }>('SELECT MIN(at) AS at FROM audit').toArray();
    return row?.at ?? null;
  }
}
