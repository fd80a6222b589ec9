/** A page of text. Offsets and lengths are in UTF-16 units; `nextOffset` is null at the end. */
export interface TextPage {
  text: string;
  offset: number;
  nextOffset: number | null;
  total: number;
}

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/**
 * At most `maxChars` units of a text of `total` units from `offset`. Never splits a surrogate pair, and is never empty before the end.
 * `read(offset, units)` returns a part of the text.
 */
export function textPage(
  read: (offset: number, units: number) => string,
  total: number,
  offset: number,
  maxChars: number,
): TextPage {
  const text = read(offset, Math.max(2, maxChars) + 1);
  const from = offset > 0 && isLow(text.charCodeAt(0)) ? 1 : 0;
  const cut = from + maxChars;
  const splits = isHigh(text.charCodeAt(cut - 1)) && isLow(text.charCodeAt(cut));
  const to = Math.min(text.length, splits ? (maxChars === 1 ? cut + 1 : cut - 1) : cut);
  const next = offset + to;
  return { text: text.slice(from, to), offset: offset + from, nextOffset: next < total ? next : null, total };
}
