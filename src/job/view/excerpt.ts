import type { JobRow } from '../store.ts';
import { answerPassage, type Reading, wholeOf } from '../text-page.ts';

/** Longest start, and longest end, of a text that is searched, in UTF-16 units. */
export const MAX_EXCERPT_CHARS = 2_000;

/** The start and the end of a text of `length` UTF-16 units; `read(offset, units)` returns a part of it. */
function excerpt(read: (offset: number, units: number) => string, length: number): string {
  if (length <= 2 * MAX_EXCERPT_CHARS) return read(0, length);
  return `${read(0, MAX_EXCERPT_CHARS)}\n${read(length - MAX_EXCERPT_CHARS, MAX_EXCERPT_CHARS)}`;
}

/** What is searched of a text: its start and its end. */
export const excerptOf = (text: string): string => excerpt((offset, units) => text.slice(offset, offset + units), text.length);

/** What is searched of a job's answer: of its text or, if that is blank, of its structured output. */
export function answerExcerpt(store: Reading, { progress }: Pick<JobRow, 'progress'>): string {
  const { result } = progress;
  const passages = [answerPassage(store, progress), ...(result ? [wholeOf(store, `structured:${result.index}`)] : [])];
  const excerpts = passages.map(({ channel, from, to }) =>
    excerpt((offset, units) => store.read(channel, from + offset, units), to - from),
  );
  return excerpts.find((text) => text.trim() !== '') ?? '';
}
