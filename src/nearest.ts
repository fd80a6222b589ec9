import { closest, distance } from 'fastest-levenshtein';

/** Edits between an unknown name and a known one that is suggested for it. */
const MAX_DISTANCE = 3;
/** Characters of an unknown name that are compared and shown. */
export const MAX_SHOWN_CHARS = 80;

/** The known name that is closest to an unknown one, or undefined if none is close. */
export function nearest(unknown: string, known: readonly string[]): string | undefined {
  const shown = unknown.slice(0, MAX_SHOWN_CHARS);
  const guess = known.length > 0 ? closest(shown, known) : undefined;
  return guess !== undefined && distance(shown, guess) <= MAX_DISTANCE ? guess : undefined;
}
