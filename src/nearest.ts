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

const wordsOf = (name: string) =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/s$/, ''))
    .filter(Boolean);

/** The known tool whose name is closest to an unknown one or shares most words with it, or undefined. */
export function nearestTool(unknown: string, known: readonly string[]): string | undefined {
  const close = nearest(unknown, known);
  if (close !== undefined) return close;
  const words = new Set(wordsOf(unknown.slice(0, MAX_SHOWN_CHARS)));
  const shared = (name: string) => wordsOf(name).filter((word) => words.has(word)).length;
  const [best = ''] = [...known].sort((one, other) => shared(other) - shared(one));
  return shared(best) > 0 ? best : undefined;
}
