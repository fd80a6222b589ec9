import type { Piece } from './lines.ts';

/** Longest excerpt of stderr in a run's exit event, in UTF-16 units. */
const EXCERPT_MAX = 2_000;

/** Collects the last lines of a stream. */
export function collectExcerpt() {
  let kept = '';
  return {
    add: (pieces: Piece[]) => {
      kept = lastLines(kept + pieces.map(({ text, end }) => (end ? `${text}\n` : text)).join(''));
    },
    /** The last lines, or undefined. */
    text: () => kept.trim() || undefined,
  };
}

/** Keeps the last whole lines of a text, or the end of one long line. */
function lastLines(text: string): string {
  if (text.length <= EXCERPT_MAX) return text;
  const cut = text.slice(-EXCERPT_MAX - 1);
  return cut
    .slice(cut.trimEnd().indexOf('\n') + 1)
    .slice(-EXCERPT_MAX)
    .toWellFormed();
}
