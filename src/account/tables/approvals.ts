import { z } from 'zod';
import { fitObject } from '../../cut-text.ts';
import type { Hold } from '../../job/record.ts';
import { addColumns, readPage, readRows } from '../../sql.ts';
import { TEXT_SCHEMA, TextStore } from '../../text-store.ts';
import type { ToolCall } from '../tool-call.ts';

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS approval (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, call TEXT NOT NULL, grant_id TEXT NOT NULL, tool TEXT NOT NULL,
    args_hash TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, estimate_usd REAL, job TEXT, question TEXT,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
    decided_at INTEGER, decided_by TEXT, said TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS approval_state ON approval (state);
  CREATE INDEX IF NOT EXISTS approval_job ON approval (job);
  CREATE TABLE IF NOT EXISTS alike (
    kind TEXT NOT NULL, grant_id TEXT NOT NULL, tool TEXT NOT NULL, rule TEXT NOT NULL, args_hash TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (kind, grant_id, tool, rule, args_hash)
  ) STRICT;
  ${TEXT_SCHEMA}`;

/** A call as it was when approval was requested, without its arguments. */
const Call = z.object({
  grant: z.string(),
  client: z.string(),
  tool: z.string(),
  digest: z.object({ hash: z.string(), view: z.string() }),
  origin: z.string(),
});

const Arguments = z.record(z.string(), z.unknown());

/** Longest arguments as JSON that an approval shows whole, in UTF-16 units. Longer ones are read in parts. */
const PREVIEW_MAX_CHARS = 8_000;

/** Columns that approvals of earlier versions lack. Those have their arguments in `call`. */
const LATER = { used_at: 'INTEGER', preview: 'TEXT', args_chars: 'INTEGER NOT NULL DEFAULT 0' } as const;

const Row = z
  .object({
    place: z.number(),
    id: z.string(),
    kind: z.enum(['call', 'step']),
    call: z.string().transform((text) => Call.parse(JSON.parse(text))),
    preview: z.string(),
    args_chars: z.number(),
    rule: z.string(),
    reason: z.string(),
    estimate_usd: z.number().nullable(),
    job: z.string().nullable(),
    question: z.string().nullable(),
    created_at: z.number(),
    expires_at: z.number(),
    state: z.enum(APPROVAL_STATES),
    decided_at: z.number().nullable(),
    decided_by: z.string().nullable(),
    said: z.string().nullable(),
  })
  .transform(({ estimate_usd, created_at, expires_at, decided_at, decided_by, said, args_chars, ...row }) => ({
    ...row,
    isWhole: args_chars <= PREVIEW_MAX_CHARS,
    estimateUsd: estimate_usd,
    createdAt: created_at,
    expiresAt: expires_at,
    decidedAt: decided_at,
    decidedBy: decided_by,
    comment: said,
  }));

/**
 * A request to a person to let a call be made, or a run take a step. Times are ms since 1970; `comment` is the approver's. `preview` is the
 * arguments as JSON, cut unless `isWhole`.
 */
export type Approval = z.infer<typeof Row>;

const readArguments = (json: string): Record<string, unknown> => Arguments.parse(JSON.parse(json));

/** The arguments that an approval shows without further reading. */
export const previewOf = ({ preview }: Approval) => readArguments(preview);

/** An approval as a job or a caller that waits for it sees it. */
export const holdOf = ({ id, call, rule, reason, expiresAt }: Approval): Hold => ({
  ...{ approvalId: id, rule, reason, expiresAt },
  url: `${call.origin}/approvals`,
});

/** An approval to be requested. A step names its job and its id in the run. */
export interface NewApproval
  extends Pick<Approval, 'kind' | 'rule' | 'reason' | 'estimateUsd' | 'job' | 'question' | 'expiresAt'> {
  call: ToolCall;
}

/** What an approval for an hour covers: calls of one grant, tool and rule and, unless `argsHash` is '', one set of arguments. */
type ApprovalScope = { kind: Approval['kind']; grant: string; tool: string; rule: string; argsHash: string };

/** The scope of a step includes its input, because approving one command says nothing about the next one. */
export function approvalScope({
  kind,
  call,
  rule,
}: Pick<Approval, 'kind' | 'rule'> & { call: Pick<ToolCall, 'grant' | 'tool' | 'digest'> }): ApprovalScope {
  return { kind, grant: call.grant, tool: call.tool, rule, argsHash: kind === 'step' ? call.digest.hash : '' };
}

/** All SQL of approvals. Arguments may have megabytes, so they are texts of their own, and lists carry their previews. */
export class Approvals {
  readonly #sql: SqlStorage;
  readonly #args: TextStore;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    this.#args = new TextStore(storage);
    if (addColumns(this.#sql, 'approval', LATER)) storage.transactionSync(() => this.#moveArguments());
  }

  /** Moves the arguments that an earlier version stored in `call`, one approval at a time. */
  #moveArguments(): void {
    for (const { id } of this.#sql.exec<{ id: string }>('SELECT id FROM approval WHERE preview IS NULL').toArray()) {
      const { call } = this.#sql.exec<{ call: string }>('SELECT call FROM approval WHERE id = ?', id).one();
      const { args, ...rest } = Call.extend({ args: z.string() }).parse(JSON.parse(call));
      this.#storeArguments(id, args);
      this.#sql.exec('UPDATE approval SET call = ? WHERE id = ?', JSON.stringify(rest), id);
    }
  }

  #storeArguments(id: string, json: string): void {
    this.#args.append(id, json);
    const preview = JSON.stringify(fitObject(readArguments(json), PREVIEW_MAX_CHARS));
    this.#sql.exec('UPDATE approval SET preview = ?, args_chars = ? WHERE id = ?', preview, json.length, id);
  }

  /** The whole arguments of a call, or the input of a step. */
  argumentsOf({ id, isWhole, preview }: Approval): Record<string, unknown> {
    return readArguments(isWhole ? preview : this.#args.read(id));
  }

  #rows(query: string, ...values: (string | number)[]): Approval[] {
    return readRows(this.#sql.exec(`SELECT * FROM approval ${query}`, ...values), (row) => Row.parse(row));
  }

  add(id: string, { kind, call, rule, reason, estimateUsd, job, question, expiresAt }: NewApproval, now: number): void {
    this.#sql.exec(
      `INSERT INTO approval (id, kind, call, grant_id, tool, args_hash, rule, reason, estimate_usd, job, question, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, kind, JSON.stringify(Call.parse(call)), call.grant, call.tool, call.digest.hash, rule, reason],
      ...[estimateUsd, job, question, now, expiresAt],
    );
    this.#storeArguments(id, JSON.stringify(call.args));
  }

  find(id: string): Approval | undefined {
    return this.#rows('WHERE id = ?', id)[0];
  }

  /** An approval that is known to exist. */
  get(id: string): Approval {
    const found = this.find(id);
    if (!found) throw new Error('unknown approval');
    return found;
  }

  /** The newest approval of this call that is in force at `now`: pending, denied, or an unused permit that was given within `permitMs`. */
  ofCall({ grant, tool, digest }: ToolCall, permitMs: number, now: number): Approval | undefined {
    const query = `WHERE kind = 'call' AND job IS NULL AND grant_id = ? AND tool = ? AND args_hash = ?
      AND IIF(state = 'approved', IIF(used_at IS NULL, decided_at + ?, 0), expires_at) > ? ORDER BY place DESC LIMIT 1`;
    return this.#rows(query, grant, tool, digest.hash, permitMs, now)[0];
  }

  /** Marks the permit of an approved call as used, or as unused with null. */
  use(id: string, at: number | null): void {
    this.#sql.exec('UPDATE approval SET used_at = ? WHERE id = ?', at, id);
  }

  /** The approvals of a job, oldest first. */
  ofJob(job: string): Approval[] {
    return this.#rows('WHERE job = ? ORDER BY place', job);
  }

  /** Newest first, below the place `before`: in one state, or those that are decided; of one grant, or all. */
  list(
    state: ApprovalState | 'decided' | undefined,
    limit: number,
    before = Number.MAX_SAFE_INTEGER,
    grant?: string,
  ): Approval[] {
    const [is, wanted] = state === 'decided' ? ['<>', 'pending'] : state ? ['=', state] : ['<>', ''];
    const query = `SELECT * FROM approval WHERE place < ? AND state ${is} ? AND grant_id = IFNULL(?, grant_id)
      ORDER BY place DESC LIMIT ? OFFSET ?`;
    return readPage(
      limit,
      (offset) => this.#sql.exec(query, before, wanted, grant ?? null, limit, offset).toArray(),
      (row) => Row.parse(row),
    );
  }

  pending(): number {
    return this.#sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM approval WHERE state = 'pending'`).one().n;
  }

  /** Decides a pending approval. False if it was decided before. */
  decide(id: string, state: 'approved' | 'denied' | 'expired', by: string, comment: string | null, now: number): boolean {
    const decided = this.#sql.exec(
      `UPDATE approval SET state = ?, decided_at = ?, decided_by = ?, said = ? WHERE id = ? AND state = 'pending' RETURNING id`,
      ...[state, now, by, comment, id],
    );
    return decided.toArray().length === 1;
  }

  /** Pending approvals whose time is over. */
  overdue(now: number): Approval[] {
    return this.#rows(`WHERE state = 'pending' AND expires_at <= ? ORDER BY place`, now);
  }

  /** When the next pending approval expires, or null. */
  nextExpiry(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT MIN(expires_at) AS at FROM approval WHERE state = 'pending'`).one().at;
  }

  /** Approves everything in a scope until a time. */
  remember({ kind, grant, tool, rule, argsHash }: ApprovalScope, until: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO alike (kind, grant_id, tool, rule, args_hash, until) VALUES (?, ?, ?, ?, ?, ?)',
      ...[kind, grant, tool, rule, argsHash, until],
    );
  }

  /** Ends the approvals for an hour of calls, because they were given under another policy. */
  clearRemembered(): void {
    this.#sql.exec(`DELETE FROM alike WHERE kind = 'call'`);
  }

  isRemembered({ kind, grant, tool, rule, argsHash }: ApprovalScope, now: number): boolean {
    const query = 'SELECT 1 FROM alike WHERE kind = ? AND grant_id = ? AND tool = ? AND rule = ? AND args_hash = ? AND until > ?';
    return this.#sql.exec(query, kind, grant, tool, rule, argsHash, now).toArray().length === 1;
  }

  removeOfJob(job: string): void {
    this.#remove('job = ?', job);
  }

  /** When the oldest decided approval, or approval for an hour, expired, or null. */
  oldest(): number | null {
    const query = `SELECT MIN(at) AS oldest FROM (SELECT MIN(expires_at) AS at FROM approval WHERE state <> 'pending'
      UNION ALL SELECT MIN(until) FROM alike)`;
    return this.#sql.exec<{ oldest: number | null }>(query).one().oldest;
  }

  /** Removes decided approvals that expired before a time. */
  removeBefore(before: number): void {
    this.#remove(`state <> 'pending' AND expires_at < ?`, before);
    this.#sql.exec('DELETE FROM alike WHERE until < ?', before);
  }

  #remove(where: string, value: string | number): void {
    const removed = this.#sql.exec<{ id: string }>(`DELETE FROM approval WHERE ${where} RETURNING id`, value).toArray();
    for (const { id } of removed) this.#args.remove(id);
  }
}
