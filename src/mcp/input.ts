import { z } from 'zod';
import { fail, ok, type Result } from '../errors.ts';
import { MAX_SHOWN_CHARS } from '../nearest.ts';
import { issuesOf, placeInValue } from '../zod-issues.ts';
import { parameterFor } from './arguments/parameter-names.ts';

/** Issues that one answer lists. */
const MAX_ISSUES = 8;

function unknownParameter(name: string, guess: string | undefined): string {
  const shown = JSON.stringify(name.slice(0, MAX_SHOWN_CHARS));
  return guess
    ? `Unknown parameter ${shown}. Did you mean "${guess}"?`
    : `Unknown parameter ${shown}. Remove it; tools/list names the parameters.`;
}

/** Checks the arguments of a call. An unknown name is refused with the one that is most likely meant. */
export function parseInput<T extends z.ZodObject>(
  type: T,
  args: Record<string, unknown>,
  misnamed?: Record<string, string>,
): Result<z.output<T>> {
  const parsed = type.safeParse(args);
  if (parsed.success) return ok(parsed.data);
  const known = Object.keys(type.shape);
  const unknownKey = (key: string, path: readonly PropertyKey[]) =>
    unknownParameter(placeInValue([...path, key]), path.length > 0 ? undefined : parameterFor(key, known, misnamed));
  const issues = issuesOf(parsed.error, { unknownKey, max: MAX_ISSUES });
  return fail({ code: 'invalid_input', issues: issues.map((issue) => (/[.?]$/.test(issue) ? issue : `${issue}.`)) });
}

/** A whole number from `min` to `max`; `usual`, or `max` if that is less, unless the caller gives one. */
export const upTo = (max: number, usual: number, min = 1) => z.int().min(min).max(max).default(Math.min(usual, max));
