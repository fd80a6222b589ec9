import type { z } from 'zod';
import { fail, ok, type Result } from '../errors.ts';
import { nearest, SHOWN_CHARS } from '../nearest.ts';

/** Most complaints in one answer. */
const ISSUES_MAX = 8;

function unknownKey(key: string, known: string[]): string {
  const shown = JSON.stringify(key.slice(0, SHOWN_CHARS));
  const guess = nearest(key, known);
  return guess
    ? `Unknown parameter ${shown}. Did you mean "${guess}"?`
    : `Unknown parameter ${shown}. Remove it; tools/list names the parameters.`;
}

const place = (path: PropertyKey[]) => path.map(String).join('.');

function complaints(issue: z.core.$ZodIssue, known: string[]): string[] {
  const where = place(issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(where ? `${where}.${key}` : key, where ? [] : known));
  return [where ? `${where}: ${issue.message}.` : `${issue.message}.`];
}

/** The arguments of a call, checked: unknown names are refused with the nearest known one. */
export function parseInput<T extends z.ZodObject>(type: T, args: Record<string, unknown>): Result<z.output<T>> {
  const parsed = type.safeParse(args);
  if (parsed.success) return ok(parsed.data);
  const known = Object.keys(type.shape);
  return fail({
    code: 'invalid_input',
    issues: parsed.error.issues.flatMap((issue) => complaints(issue, known)).slice(0, ISSUES_MAX),
  });
}
