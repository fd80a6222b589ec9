import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { issuesOf, placeOf } from '../zod-issues.ts';

/** Longest part of a wrong value that a complaint shows. */
const SHOWN_CHARS = 60;

/** A wrong value as a complaint shows it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** What a value has to be, for zod: told with what was found. */
export const must = (be: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `is missing: it must be ${be}` : `must be ${be}, got ${shown(input)}`,
});

const place = (path: readonly PropertyKey[]) => placeOf(path) || 'the document';

/** What is wrong with a document, each complaint with its place. `fieldsAt` names the fields that are known at a place. */
export const complaints = (error: z.ZodError, fieldsAt: (path: readonly PropertyKey[]) => readonly string[]): string[] =>
  issuesOf(error, {
    place,
    readsOn: true,
    unknownKey: (key, path) => {
      const guess = nearest(key, fieldsAt(path));
      const hint = guess ? `did you mean "${guess}"?` : `known here: ${fieldsAt(path).join(', ')}`;
      return `${place(path)}: unknown field ${shown(key)}; ${hint}`;
    },
  });
