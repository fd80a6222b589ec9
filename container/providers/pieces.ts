import { EVENT_TEXT_MAX, type Item, SUMMARY_MAX } from '../protocol.ts';

/** Where to cut at or below `end` without parting a surrogate pair. */
function wholeEnd(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  const parts = end < text.length && unit >= 0xd800 && unit <= 0xdbff;
  return parts ? end - 1 : end;
}

/** A text in pieces that fit into events; none for the empty text. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = wholeEnd(text, Math.min(start + EVENT_TEXT_MAX, text.length));
    found.push(text.slice(start, end));
  }
  return found;
}

/** What is said or thought, as items. */
export const texts = (kind: 'text' | 'thinking', text: string): Item[] => pieces(text).map((piece) => ({ kind, text: piece }));

/** The beginning of a text, as long as an event's summary may be. */
export function summary(text: string): string {
  return text.length <= SUMMARY_MAX ? text : `${text.slice(0, wholeEnd(text, SUMMARY_MAX - 1))}…`;
}

/** A tool's input or an error in one text. */
export function summaryOf(value: unknown): string {
  return summary(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}
