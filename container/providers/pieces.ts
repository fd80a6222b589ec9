import { EVENT_TEXT_MAX, type Item, SUMMARY_MAX } from '../protocol.ts';
import { jsonOf } from './json.ts';

/** The largest position up to `end` that does not split a surrogate pair. */
function wholeEnd(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  const splits = end < text.length && unit >= 0xd800 && unit <= 0xdbff;
  return splits ? end - 1 : end;
}

/** Splits a text into pieces that fit into events. The empty text has none. */
export function splitText(text: string): string[] {
  const found: string[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = wholeEnd(text, Math.min(start + EVENT_TEXT_MAX, text.length));
    found.push(text.slice(start, end));
  }
  return found;
}

/** A text of the model as items. */
export const textItems = (kind: 'text' | 'thinking', text: string): Item[] =>
  splitText(text).map((piece) => ({ kind, text: piece }));

/** A value as text, cut to the length of an event's summary. */
export function summaryOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (jsonOf(value) ?? '');
  return text.length <= SUMMARY_MAX ? text : `${text.slice(0, wholeEnd(text, SUMMARY_MAX - 1))}…`;
}
