import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { issuesOf, placeInValue } from '../zod-issues.ts';

/** Longest part of a wrong value that an issue quotes, in characters. */
const QUOTED_MAX_CHARS = 60;

/** A wrong value as an issue quotes it. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > QUOTED_MAX_CHARS ? `${text.slice(0, QUOTED_MAX_CHARS)}…` : text;
}

/** A zod error that states what a value must be, and what it is. */
export const must = (be: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `is missing: it must be ${be}` : `must be ${be}, got ${quote(input)}`,
});

const place = (path: readonly PropertyKey[]) => placeInValue(path) || 'the document';

/** Everything that is wrong with a document, each issue with its place. `fieldsAt` names the known fields of a place. */
export const documentIssues = (error: z.ZodError, fieldsAt: (path: readonly PropertyKey[]) => readonly string[]): string[] =>
  issuesOf(error, {
    place,
    readsOn: true,
    unknownKey: (key, path) => {
      const guess = nearest(key, fieldsAt(path));
      const hint = guess ? `did you mean "${guess}"?` : `known here: ${fieldsAt(path).join(', ')}`;
      return `${place(path)}: unknown field ${quote(key)}; ${hint}`;
    },
  });
