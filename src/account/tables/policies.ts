import { z } from 'zod';
import { fail, ok, type Result } from '../../errors.ts';
import { compile, type Policy } from '../../policy/compile.ts';
import { readDocument } from '../../policy/document.ts';
import { isPreset, PRESETS, type PresetName } from '../../policy/presets.ts';

/** The account's default stands under this name; any other target is a grant. */
export const DEFAULT_TARGET = 'default';

/** Enforced, or beside the enforced one to see what it would do. */
export const POLICY_MODES = ['enforce', 'shadow'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS policy (
    target TEXT NOT NULL, mode TEXT NOT NULL, written TEXT NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (target, mode)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS policy_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, mode TEXT NOT NULL, written TEXT, changed_by TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;`;

/** A policy as it is kept: the name of a preset, or the text of a document. */
const Row = z.object({ target: z.string(), mode: z.enum(POLICY_MODES), written: z.string(), changed_at: z.number() });

/** A policy that was set. */
export interface SetPolicy {
  target: string;
  mode: PolicyMode;
  written: string;
  changedAt: number;
}

const Change = z
  .object({
    id: z.number(),
    target: z.string(),
    mode: z.enum(POLICY_MODES),
    written: z.string().nullable(),
    changed_by: z.string(),
    at: z.number(),
  })
  .transform(({ changed_by: by, ...change }) => ({ ...change, by }));
/** One change; `written` null: the policy was taken away. */
export type PolicyChange = z.infer<typeof Change>;

/** A policy as somebody wrote it, ready to be asked: the name of a preset, or a document as text. */
export function policyOf(written: string): Result<Policy> {
  if (isPreset(written)) return ok(PRESETS[written].policy);
  const read = readDocument(written);
  return read.ok ? ok(compile(read.value)) : read;
}

/** Ready policies that are kept in memory. */
const MOST_READY = 200;

/** The policies of an account: which one holds for a grant, and how they came to be. */
export class Policies {
  readonly #sql: SqlStorage;
  readonly #fallback: (grant: string) => PresetName;
  readonly #ready = new Map<string, Policy>();

  /** `fallback` holds for a grant without a policy in an account without a default. */
  constructor(storage: DurableObjectStorage, fallback: (grant: string) => PresetName) {
    this.#sql = storage.sql;
    this.#fallback = fallback;
    this.#sql.exec(SCHEMA);
  }

  /** The policy that is enforced for a grant, with the target that it comes from. */
  enforced(grant: string): { policy: Policy; target: string; written: string } {
    const { target, written } = this.#found(grant, 'enforce') ?? { target: 'gateway', written: this.#fallback(grant) };
    return { policy: this.#policy(written), target, written };
  }

  /** The policy that is tried for a grant beside the enforced one, if any. */
  shadow(grant: string): Policy | undefined {
    const found = this.#found(grant, 'shadow');
    return found && this.#policy(found.written);
  }

  #found(grant: string, mode: PolicyMode): SetPolicy | undefined {
    const rows = this.#rows('WHERE mode = ? AND target IN (?, ?)', mode, grant, DEFAULT_TARGET);
    return rows.find(({ target }) => target === grant) ?? rows[0];
  }

  #policy(written: string): Policy {
    const known = this.#ready.get(written);
    if (known) return known;
    const made = policyOf(written);
    if (!made.ok) throw new Error('a policy that was kept cannot be read');
    if (this.#ready.size >= MOST_READY) this.#ready.clear();
    this.#ready.set(written, made.value);
    return made.value;
  }

  /** Sets a policy, or takes it away where `written` is null. Refuses a document that is wrong. */
  set(target: string, mode: PolicyMode, written: string | null, by: string, now: number): Result<null> {
    const made = written === null ? ok(null) : policyOf(written);
    if (!made.ok) return fail(made.failure);
    if (written === null) this.#sql.exec('DELETE FROM policy WHERE target = ? AND mode = ?', target, mode);
    else
      this.#sql.exec(
        'INSERT OR REPLACE INTO policy (target, mode, written, changed_at) VALUES (?, ?, ?, ?)',
        ...[target, mode, written, now],
      );
    this.#sql.exec(
      'INSERT INTO policy_change (target, mode, written, changed_by, at) VALUES (?, ?, ?, ?, ?)',
      ...[target, mode, written, by, now],
    );
    return ok(null);
  }

  /** Every policy that is set. */
  all(): SetPolicy[] {
    return this.#rows('ORDER BY target, mode');
  }

  #rows(query: string, ...values: string[]): SetPolicy[] {
    const rows = this.#sql.exec(`SELECT target, mode, written, changed_at FROM policy ${query}`, ...values).toArray();
    return rows.map((row) => {
      const { changed_at: changedAt, ...policy } = Row.parse(row);
      return { ...policy, changedAt };
    });
  }

  /** How a target's policy changed, newest first. */
  changes(target: string, limit: number): PolicyChange[] {
    const query = 'SELECT * FROM policy_change WHERE target = ? ORDER BY id DESC LIMIT ?';
    return this.#sql
      .exec(query, target, limit)
      .toArray()
      .map((row) => Change.parse(row));
  }
}
