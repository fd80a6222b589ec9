import { z } from 'zod';
import { fail, ok, type Result } from '../errors.ts';
import { MAX_SHOWN_CHARS, nearest } from '../nearest.ts';
import { issuesOf, placeInValue } from '../zod-issues.ts';

/** Issues that one answer lists. */
const MAX_ISSUES = 8;

function unknownParameter(name: string, known: string[]): string {
  const shown = JSON.stringify(name.slice(0, MAX_SHOWN_CHARS));
  const guess = nearest(name, known);
  return guess
    ? `Unknown parameter ${shown}. Did you mean "${guess}"?`
    : `Unknown parameter ${shown}. Remove it; tools/list names the parameters.`;
}

/** Checks the arguments of a call. An unknown name is refused with the nearest known one. */
export function parseInput<T extends z.ZodObject>(type: T, args: Record<string, unknown>): Result<z.output<T>> {
  const parsed = type.safeParse(args);
  if (parsed.success) return ok(parsed.data);
  const unknownKey = (key: string, path: readonly PropertyKey[]) =>
    unknownParameter(placeInValue([...path, key]), path.length > 0 ? [] : Object.keys(type.shape));
  const issues = issuesOf(parsed.error, { unknownKey, max: MAX_ISSUES });
  return fail({ code: 'invalid_input', issues: issues.map((issue) => (/[.?]$/.test(issue) ? issue : `${issue}.`)) });
}

/** A whole number from `min` to `max`; `usual`, or `max` if that is less, unless the caller gives one. */
export const upTo = (max: number, usual: number, min = 1) => z.int().min(min).max(max).default(Math.min(usual, max));

/** Parameters of a tool that lists: where to continue, and the entries in a page. */
export const pageInput = (usual: number, max: number) => ({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the nextCursor of an earlier answer')
    .transform(Number)
    .optional(),
  limit: upTo(max, usual),
});

/** The cursor after a page, given the places of its entries; undefined after a page that was not full. */
export const nextCursor = (places: number[], limit: number) => (places.length === limit ? places.at(-1)?.toString() : undefined);
