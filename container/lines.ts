import { EVENT_TEXT_MAX } from './protocol.ts';

/** Longest line, in UTF-16 units, that is put together for a provider's reader; longer ones are passed on in pieces only. */
export const LINE_MAX = 33_554_432;

/** A piece of a line, at most EVENT_TEXT_MAX UTF-16 units long. */
export interface Piece {
  text: string;
  /** True for the last piece of a line that had a line feed. */
  end: boolean;
  /** The whole line, on its last piece only, unless it is longer than LINE_MAX. */
  line?: string;
}

/** Cuts bytes into lines. A long line comes out in pieces while it is still arriving. */
export interface LineSplitter {
  push: (chunk: Uint8Array) => Piece[];
  /** What is left of a line without a line feed. */
  end: () => Piece[];
}

/** A splitter for one stream of UTF-8; invalid bytes become U+FFFD, a carriage return stays. */
export function splitLines(): LineSplitter {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  let open = '';
  let earlier: string[] = [];
  let earlierLength = 0;

  function cutOpen(pieces: Piece[]) {
    while (open.length > EVENT_TEXT_MAX) {
      const text = open.slice(0, wholeCharacters(open, EVENT_TEXT_MAX));
      open = open.slice(text.length);
      earlierLength += text.length;
      if (earlierLength <= LINE_MAX) earlier.push(text);
      else earlier = [];
      pieces.push({ text, end: false });
    }
  }

  function closeLine(pieces: Piece[]) {
    const isReadable = earlierLength + open.length <= LINE_MAX;
    pieces.push(isReadable ? { text: open, end: true, line: earlier.join('') + open } : { text: open, end: true });
    open = '';
    earlier = [];
    earlierLength = 0;
  }

  function take(text: string): Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    for (let feed = text.indexOf('\n'); feed !== -1; feed = text.indexOf('\n', start)) {
      open += text.slice(start, feed);
      cutOpen(pieces);
      closeLine(pieces);
      start = feed + 1;
    }
    open += text.slice(start);
    cutOpen(pieces);
    return pieces;
  }

  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      const pieces = take(decoder.decode());
      if (open !== '') pieces.push({ text: open, end: false });
      open = '';
      return pieces;
    },
  };
}

/** The longest cut of `text` at or below `length` that does not part a surrogate pair. */
function wholeCharacters(text: string, length: number): number {
  const unit = text.charCodeAt(length - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? length - 1 : length;
}
