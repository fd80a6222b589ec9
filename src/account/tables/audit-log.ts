import { z } from 'zod';
import { type AuditEnds, AuditFacts, AuditHead, AuditRow, GENESIS, hashOf, type Said } from './audit-row.ts';

/** What is looked up is computed from the row itself, so that no copy can say something else. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY, facts TEXT NOT NULL, hash TEXT NOT NULL,
    at INTEGER AS (facts ->> 'at'), kind TEXT AS (facts ->> 'kind'), grant_id TEXT AS (facts ->> 'grant'), tool TEXT AS (facts ->> 'tool'),
    decision TEXT AS (facts ->> 'decision'), job TEXT AS (facts ->> 'job')
  ) STRICT;
  CREATE INDEX IF NOT EXISTS audit_job ON audit (job);
  CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
  CREATE TABLE IF NOT EXISTS audit_base (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;`;

/** Which rows are shown. */
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
    const said: Said = { ...facts, account: this.#account };
    this.#sql.exec(
      'INSERT INTO audit (seq, facts, hash) VALUES (?, ?, ?)',
      ...[before.seq + 1, JSON.stringify(said), hashOf(said, before)],
    );
  }

  /** What the oldest row that is kept follows. */
  base(): AuditHead {
    return this.#head('SELECT seq, hash FROM audit_base') ?? GENESIS;
  }

  /** The newest row. Who keeps it elsewhere sees whether the end of the log was cut off. */
  head(): AuditHead {
    return this.#head('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1') ?? this.base();
  }

  ends(): AuditEnds {
    return { base: this.base(), head: this.head() };
  }

  /** Rows after a number, oldest first. */
  after(seq: number, limit: number): AuditRow[] {
    return this.#rows('WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit);
  }

  /** Rows that a filter lets through, newest first, below a number where one is given. */
  list(filter: AuditFilter, limit: number, before = Number.MAX_SAFE_INTEGER): AuditRow[] {
    const wanted = Object.entries(COLUMNS).flatMap(([name, column]) => {
      const value = new Map(Object.entries(filter)).get(name);
      return value === undefined ? [] : [{ column, value }];
    });
    const where = ['seq < ?', ...wanted.map(({ column }) => `${column} = ?`)].join(' AND ');
    return this.#rows(`WHERE ${where} ORDER BY seq DESC LIMIT ?`, before, ...wanted.map(({ value }) => value), limit);
  }

  #rows(query: string, ...values: (string | number)[]): AuditRow[] {
    const rows = this.#sql.exec(`SELECT seq, hash, facts FROM audit ${query}`, ...values).toArray();
    return rows.map((row) => {
      const { seq, hash, facts } = Stored.parse(row);
      return AuditRow.parse({ ...JSON.parse(facts), seq, hash });
    });
  }

  /** Removes rows from before a time; what is left follows the last of them. */
  forget(before: number): void {
    const last = this.#head(`SELECT seq, hash FROM audit WHERE at < ${Math.floor(before)} ORDER BY seq DESC LIMIT 1`);
    if (!last) return;
    this.#sql.exec('INSERT OR REPLACE INTO audit_base (one, seq, hash) VALUES (1, ?, ?)', last.seq, last.hash);
    this.#sql.exec('DELETE FROM audit WHERE seq <= ?', last.seq);
  }

  /** When the oldest row was written; null where there is none. */
  oldest(): number | null {
    const [row] = this.#sql.exec<{ at: number | null }>('SELECT MIN(at) AS at FROM audit').toArray();
    return row?.at ?? null;
  }
}
