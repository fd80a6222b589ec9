import type { z } from 'zod';
import { nearest } from '../nearest.ts';

/** Longest part of a wrong value that a complaint shows. */
const SHOWN_CHARS = 60;
/** Most complaints about one document. */
const MOST = 20;

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

const place = (path: PropertyKey[]) =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '') || 'the document';

/** A complaint that goes on from its place reads on; any other stands by itself. */
const sentence = (where: string, message: string) => `${where}${/^(must|is|has) /.test(message) ? ' ' : ': '}${message}`;

function unknownField(where: string, key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  const way = guess ? `did you mean "${guess}"?` : `known here: ${known.join(', ')}`;
  return sentence(where, `unknown field ${shown(key)}; ${way}`);
}

/** What is wrong with a document, each complaint with its place. `fieldsAt` names the fields that are known at a place. */
export function complaints(error: z.ZodError, fieldsAt: (path: PropertyKey[]) => readonly string[]): string[] {
  const found = error.issues.flatMap((issue) => {
    const where = place(issue.path);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(where, key, fieldsAt(issue.path)));
    return [sentence(where, issue.message)];
  });
  return found.length > MOST ? [...found.slice(0, MOST), `and ${found.length - MOST} more`] : found;
}
