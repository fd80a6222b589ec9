import type { Limits } from '../../config.ts';
import { jsonLength } from '../../cut-text.ts';

/** Longest answer of a tool as JSON, in UTF-16 units, unless the caller requests more. Clients cut or refuse longer ones. */
const MAX_RESULT_CHARS = 60_000;

/** Room beside a list or a text for the facts around it, in UTF-16 units. */
export const MARGIN_CHARS = 4_000;

/** Longest answer under these limits, in UTF-16 units. A larger page that the operator has set counts as requested. */
export const maxResultChars = ({ resultPageChars }: Limits): number => Math.max(MAX_RESULT_CHARS, resultPageChars);

/** Longest answer with a page of this size that the caller requests, in UTF-16 units. */
export const maxRequestedChars = (pageChars: number, limits: Limits): number =>
  pageChars > limits.resultPageChars ? pageChars + 2 * MARGIN_CHARS : maxResultChars(limits);

/** The longest start of a list that leaves room for the facts around it, and at least one entry. */
export function fittingPart<T>(entries: T[], max: number = MAX_RESULT_CHARS): T[] {
  let left = max - MARGIN_CHARS;
  const end = entries.findIndex((entry, index) => {
    left -= jsonLength(entry) + 1;
    return index > 0 && left < 0;
  });
  return end < 0 ? entries : entries.slice(0, end);
}

/** Length of the longest start of a text that is at most `max` UTF-16 units long as a JSON string. Never splits a surrogate pair. */
export function fittingLength(text: string, max: number): number {
  if (jsonLength(text) <= max) return text.length;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (jsonLength(text.slice(0, middle)) <= max) fits = middle;
    else tooLong = middle;
  }
  const splits = /[\ud800-\udbff]/.test(text.charAt(fits - 1)) && /[\udc00-\udfff]/.test(text.charAt(fits));
  return splits ? fits - 1 : fits;
}
