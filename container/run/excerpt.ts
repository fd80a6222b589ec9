import type { Piece } from './lines.ts';

/** Longest excerpt of stderr in a run's last event, in UTF-16 units. */
const STDERR_EXCERPT_MAX = 2_000;

/** Keeps the last lines of a stream. */
export function keepExcerpt() {
  let kept = '';
  return {
    add: (pieces: Piece[]) => {
      kept = lastOf(kept + pieces.map(({ text, end }) => (end ? `${text}\n` : text)).join(''));
    },
    /** Undefined when there are none. */
    text: () => kept.trim() || undefined,
  };
}

/** The last whole lines of a text, or the end of one that is too long. */
function lastOf(text: string): string {
  if (text.length <= STDERR_EXCERPT_MAX) return text;
  const cut = text.slice(-STDERR_EXCERPT_MAX - 1);
  return cut
    .slice(cut.trimEnd().indexOf('\n') + 1)
    .slice(-STDERR_EXCERPT_MAX)
    .toWellFormed();
}
