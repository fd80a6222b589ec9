import { EVENT_TEXT_MAX } from '../protocol.ts';

/** Longest line that a provider's reader receives, in UTF-16 units. Longer lines exist in pieces only. */
export const LINE_MAX = 33_554_432;

/** A piece of a line, up to EVENT_TEXT_MAX UTF-16 units long. */
export interface Piece {
  text: string;
  /** True for the last piece of a line that had a line feed. */
  end: boolean;
  /** The whole line, on its last piece only, also without a line feed; absent if longer than LINE_MAX. */
  line?: string;
}

/** Splits bytes into lines. Returns pieces of a long line before it is complete. */
export interface LineSplitter {
  push: (chunk: Uint8Array) => Piece[];
  /** Returns the rest of a line without a line feed. */
  end: () => Piece[];
}

/** Creates a splitter for one stream of UTF-8. Invalid bytes become U+FFFD; carriage returns stay. */
export function splitLines(): LineSplitter {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  const line: OpenLine = { rest: '', earlier: [], earlierLength: 0 };
  return {
    push: (chunk) => takeLines(line, decoder.decode(chunk, { stream: true })),
    end: () => {
      const pieces = takeLines(line, decoder.decode());
      if (line.rest !== '') pieces.push({ ...closeLine(line), end: false });
      return pieces;
    },
  };
}

/** A line that has no line feed yet. */
interface OpenLine {
  /** Text that was not returned yet. */
  rest: string;
  /** Pieces that were returned; empty once they exceed LINE_MAX. */
  earlier: string[];
  earlierLength: number;
}

function takeLines(line: OpenLine, text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (let feed = text.indexOf('\n'); feed !== -1; feed = text.indexOf('\n', start)) {
    line.rest += text.slice(start, feed);
    pieces.push(...cutPieces(line), closeLine(line));
    start = feed + 1;
  }
  line.rest += text.slice(start);
  pieces.push(...cutPieces(line));
  return pieces;
}

function cutPieces(line: OpenLine): Piece[] {
  const pieces: Piece[] = [];
  while (line.rest.length > EVENT_TEXT_MAX) {
    const text = line.rest.slice(0, wholeCharacters(line.rest, EVENT_TEXT_MAX));
    line.rest = line.rest.slice(text.length);
    line.earlierLength += text.length;
    if (line.earlierLength <= LINE_MAX) line.earlier.push(text);
    else line.earlier = [];
    pieces.push({ text, end: false });
  }
  return pieces;
}

function closeLine(line: OpenLine): Piece {
  const text = line.rest;
  const isReadable = line.earlierLength + text.length <= LINE_MAX;
  const piece = isReadable ? { text, end: true, line: line.earlier.join('') + text } : { text, end: true };
  Object.assign(line, { rest: '', earlier: [], earlierLength: 0 } satisfies OpenLine);
  return piece;
}

/** Returns the largest index up to `length` that does not split a surrogate pair. */
function wholeCharacters(text: string, length: number): number {
  const unit = text.charCodeAt(length - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? length - 1 : length;
}
