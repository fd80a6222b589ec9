import type { OutputPiece } from '../protocol.ts';
import type { Entry } from '../spool/spool.ts';
import { keepExcerpt } from './excerpt.ts';
import { type Piece, splitLines } from './lines.ts';
import { keepTail } from './tail.ts';

export type Stream = OutputPiece['stream'];
const STREAMS: Stream[] = ['stdout', 'stderr'];

interface Options {
  capBytes: number;
  tailBytes: number;
  /** What a line of stdout means. */
  reader: (line: string) => Entry[];
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
  const excerpt = keepExcerpt();
  let headBytes = 0;

  /** A line of stdout is read when none of it is missing. */
  const isRead = (stream: Stream, { end }: Piece) => end && !torn.delete(stream) && stream === 'stdout';

  async function emit(stream: Stream, pieces: Piece[]): Promise<void> {
    if (pieces.length === 0) return;
    if (stream === 'stderr') excerpt.add(pieces);
    await write(
      pieces.flatMap((piece) => entriesOf(stream, piece, isRead(stream, piece) ? readGuarded(reader, piece.line) : [])),
    );
  }

  return {
    bytes,
    stderrExcerpt: excerpt.text,
    take: async (stream: Stream, chunk: Uint8Array) => {
      bytes[stream] += chunk.length;
      const room = capBytes - headBytes;
      headBytes += Math.min(room, chunk.length);
      if (chunk.length > room) onCap();
      tail.push(stream, chunk.subarray(room));
      await emit(stream, splitters[stream].push(chunk.subarray(0, room)));
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

/** The first event of a line carries it; the others that its reader gave do not. */
function entriesOf(stream: Stream, { text, end }: Piece, [first = { kind: 'output' }, ...rest]: Entry[]): Entry[] {
  return [{ ...first, line: { stream, text, end } }, ...rest];
}

/** A reader that throws has nothing to say about the line; the line itself is kept. */
function readGuarded(reader: Options['reader'], line: string | undefined): Entry[] {
  try {
    return line === undefined ? [] : reader(line);
  } catch {
    return [];
  }
}
