import { type Piece, splitLines } from './lines.ts';
import type { Item, OutputPiece } from './protocol.ts';
import type { Entry } from './spool.ts';
import { keepTail } from './tail.ts';

/** Longest excerpt of stderr in a run's last event, in UTF-16 units. */
const STDERR_EXCERPT_MAX = 2_000;

export type Stream = OutputPiece['stream'];
const STREAMS: Stream[] = ['stdout', 'stderr'];

interface Options {
  capBytes: number;
  tailBytes: number;
  /** What a line of stdout means. */
  reader: (line: string) => Item[];
  write: (entries: Entry[]) => Promise<void>;
  /** Called when the cap has been passed. */
  onCap: () => void;
}

/** Turns a run's output into events: all up to the cap, then the last bytes once the run is over. */
export function collectOutput({ capBytes, tailBytes, reader, write, onCap }: Options) {
  const splitters = { stdout: splitLines(), stderr: splitLines() };
  const bytes = { stdout: 0, stderr: 0 };
  const torn = new Set<Stream>();
  const tail = keepTail(tailBytes);
  let headBytes = 0;
  let excerpt = '';

  async function emit(stream: Stream, pieces: Piece[]): Promise<void> {
    if (pieces.length === 0) return;
    if (stream === 'stderr') excerpt = lastOf(excerpt + pieces.map((piece) => piece.text + (piece.end ? '\n' : '')).join(''));
    await write(pieces.flatMap((piece) => entriesOf(stream, piece)));
  }

  function entriesOf(stream: Stream, { text, end, line }: Piece): Entry[] {
    const isWhole = end && !torn.delete(stream);
    const items = stream === 'stdout' && isWhole && line !== undefined ? readGuarded(reader, line) : [];
    const [first = { kind: 'output' } satisfies Item, ...rest] = items;
    return [{ ...first, line: { stream, text, end } }, ...rest];
  }

  return {
    bytes,
    /** The last lines of stderr; undefined when there are none. */
    stderrExcerpt: () => excerpt.trim() || undefined,
    take: async (stream: Stream, chunk: Uint8Array) => {
      bytes[stream] += chunk.length;
      const head = chunk.subarray(0, capBytes - headBytes);
      headBytes += head.length;
      if (head.length < chunk.length) {
        tail.push(stream, chunk.subarray(head.length));
        onCap();
      }
      if (head.length > 0) await emit(stream, splitters[stream].push(head));
    },
    finish: async () => {
      for (const stream of STREAMS.filter(tail.hasDropped)) {
        await emit(stream, splitters[stream].end());
        splitters[stream] = splitLines();
        if (tail.startsInsideLine(stream)) torn.add(stream);
      }
      if (tail.droppedBytes() > 0) await write([{ kind: 'dropped', bytes: tail.droppedBytes() }]);
      for (const { stream, chunk } of tail.chunks()) await emit(stream, splitters[stream].push(chunk));
      for (const stream of STREAMS) await emit(stream, splitters[stream].end());
    },
  };
}

/** A reader that throws has nothing to say about the line; the line itself is kept. */
function readGuarded(reader: (line: string) => Item[], line: string): Item[] {
  try {
    return reader(line);
  } catch {
    return [];
  }
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
