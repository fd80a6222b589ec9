import { z } from 'zod';
import { fail, ok, type Result } from '../../errors.ts';
import { withinCeiling } from '../../policy/ceiling.ts';
import { compile, type Policy } from '../../policy/compile.ts';
import { readDocument } from '../../policy/document.ts';
import { isPreset, PRESETS, type PresetName } from '../../policy/presets.ts';

/** Target of the account's default policy. Any other target is a grant. */
export const DEFAULT_TARGET = 'default';

/** A policy is enforced, or in shadow: the audit log states what it would decide. */
export const POLICY_MODES = ['enforce', 'shadow'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS policy (
    target TEXT NOT NULL, mode TEXT NOT NULL, written TEXT NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (target, mode)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS policy_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, mode TEXT NOT NULL, written TEXT, changed_by TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;`;

/** A stored policy. `written` is the name of a preset, or the text of a document. */
const Row = z.object({ target: z.string(), mode: z.enum(POLICY_MODES), written: z.string(), changed_at: z.number() });

/** A policy that is set for a target. */
export interface SetPolicy {
  target: string;
  mode: PolicyMode;
  written: string;
  changedAt: number;
}

/** Longest policy that a change repeats, in characters. */
const CHANGE_MAX_CHARS = 20_000;

const Change = z
  .object({
    id: z.number(),
    target: z.string(),
    mode: z.enum(POLICY_MODES),
    written: z.string().nullable(),
    chars: z.number().nullable(),
    changed_by: z.string(),
    at: z.number(),
  })
  .transform(({ changed_by: by, chars, ...change }) => ({ ...change, by, isCut: (chars ?? 0) > CHANGE_MAX_CHARS }));
/** A change of a policy; `written` is null if the policy was removed, and cut if it is long. */
export type PolicyChange = z.infer<typeof Change>;

/** Compiles a policy: the name of a preset, or the text of a document. */
function policyOf(written: string): Result<Policy> {
  if (isPreset(written)) return ok(PRESETS[written].policy);
  const read = readDocument(written);
  return read.ok ? ok(compile(read.value)) : read;
}

/** Compiled policies that are cached. */
const MAX_CACHED = 200;

/** The policies of an account and their history. */
export class Policies {
  readonly #sql: SqlStorage;
  readonly #fallback: (grant: string) => PresetName;
  /** No policy of the account allows more than this preset. */
  readonly ceiling: PresetName;
  readonly #compiled = new Map<string, Policy>();

  /** `fallback` is the policy of a grant that has none, in an account without a default. */
  constructor(storage: DurableObjectStorage, fallback: (grant: string) => PresetName, ceiling: PresetName) {
    this.#sql = storage.sql;
    this.#fallback = fallback;
    this.ceiling = ceiling;
    this.#sql.exec(SCHEMA);
  }

  /** The policy in force for a grant, within the ceiling, and the target that it comes from. */
  enforced(grant: string): { policy: Policy; target: string; written: string } {
    const { target, written } = this.#found(grant, 'enforce') ?? { target: 'gateway', written: this.#fallback(grant) };
    return { policy: this.#policy(written), target, written };
  }

  /** A policy within the ceiling. Fails if it is neither a preset nor a valid document. */
  bound(written: string): Result<Policy> {
    const own = policyOf(written);
    if (!own.ok || this.ceiling === 'open' || this.ceiling === written) return own;
    return ok(withinCeiling(own.value, PRESETS[this.ceiling].policy));
  }

  /** The shadow policy of a grant, or undefined. */
  shadow(grant: string): Policy | undefined {
    const found = this.#found(grant, 'shadow');
    return found && this.#policy(found.written);
  }

  #found(grant: string, mode: PolicyMode): SetPolicy | undefined {
    const rows = this.#rows('WHERE mode = ? AND target IN (?, ?)', mode, grant, DEFAULT_TARGET);
    return rows.find(({ target }) => target === grant) ?? rows[0];
  }

  #policy(written: string): Policy {
    const known = this.#compiled.get(written);
    if (known) return known;
    const made = this.bound(written);
    if (!made.ok) throw new Error('a stored policy is not valid');
    if (this.#compiled.size >= MAX_CACHED) this.#compiled.clear();
    this.#compiled.set(written, made.value);
    return made.value;
  }

  /** Sets a policy, or removes it if `written` is null. Refuses a document that is not valid. */
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

  /** The policy that is set for exactly this target, or undefined. */
  writtenFor(target: string, mode: PolicyMode): string | undefined {
    return this.#rows('WHERE target = ? AND mode = ?', target, mode)[0]?.written;
  }

  /** When the oldest change was made, or null. */
  oldest(): number | null {
    return this.#sql.exec<{ oldest: number | null }>('SELECT MIN(at) AS oldest FROM policy_change').one().oldest;
  }

  /** Removes changes from before a time. */
  removeBefore(before: number): void {
    this.#sql.exec('DELETE FROM policy_change WHERE at < ?', before);
  }

  #rows(query: string, ...values: string[]): SetPolicy[] {
    const rows = this.#sql.exec(`SELECT target, mode, written, changed_at FROM policy ${query}`, ...values).toArray();
    return rows.map((row) => {
      const { changed_at: changedAt, ...policy } = Row.parse(row);
      return { ...policy, changedAt };
    });
  }

  /** Changes of a target's policy, newest first. */
  changes(target: string, limit: number): PolicyChange[] {
    const query = `SELECT id, target, mode, substr(written, 1, ${CHANGE_MAX_CHARS}) AS written, length(written) AS chars, changed_by, at
      FROM policy_change WHERE target = ? ORDER BY id DESC LIMIT ?`;
    return this.#sql
      .exec(query, target, limit)
      .toArray()
      .map((row) => Change.parse(row));
  }
}
