import type { TextStore } from '../text-store.ts';
import type { Progress } from './record.ts';
import type { Channel } from './store.ts';

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

/** Start of an answer that is read to see whether it is blank, in UTF-16 units. */
const BLANK_MAX_CHARS = 4_000;

/** A part of a channel. */
interface Passage {
  channel: Channel;
  from: number;
  to: number;
}

export type Reading = Pick<TextStore<Channel>, 'read' | 'length'>;

/** A whole channel. */
export const wholeOf = (store: Reading, channel: Channel): Passage => ({ channel, from: 0, to: store.length(channel) });

/**
 * Where the text of a job's answer is: the text of its result, or the last message with text if that is blank. Without a successful result,
 * all that the model wrote, which is `partial`.
 */
export function answerPassage(store: Reading, { result, said }: Progress): Passage & { isPartial: boolean } {
  if (!result || result.isError) return { ...wholeOf(store, 'said'), isPartial: true };
  const channel: Channel = `answer:${result.index}`;
  const isBlank = store.read(channel, 0, BLANK_MAX_CHARS).trim() === '';
  if (!isBlank || said?.last === undefined) return { ...wholeOf(store, channel), isPartial: false };
  return { channel: 'said', from: said.last, to: said.end ?? said.length, isPartial: false };
}

/** Longest structured output that is returned beside the answer's text, in UTF-16 units. */
const STRUCTURED_MAX_CHARS = 100_000;

/** The structured output of a result as JSON, or undefined if there is none or it is too long. */
export function structuredOf(store: Reading, index: number): string | undefined {
  const { channel, to } = wholeOf(store, `structured:${index}`);
  return to > 0 && to <= STRUCTURED_MAX_CHARS ? store.read(channel, 0, to) : undefined;
}
