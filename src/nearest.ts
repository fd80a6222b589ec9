import { closest, distance } from 'fastest-levenshtein';

/** A known name this close to an unknown one is worth a guess. */
const NEAR = 3;
/** Characters of an unknown name that are compared and shown. */
export const SHOWN_CHARS = 80;

/** The known name that an unknown one was meant to be, if one is near. */
export function nearest(unknown: string, known: readonly string[]): string | undefined {
  const shown = unknown.slice(0, SHOWN_CHARS);
  const guess = known.length > 0 ? closest(shown, known) : undefined;
  return guess !== undefined && distance(shown, guess) <= NEAR ? guess : undefined;
}
