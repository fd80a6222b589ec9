import type { NewEvent } from '../spool/spool.ts';
import { collectExcerpt } from './excerpt.ts';
import { type Piece, splitLines } from './lines.ts';
import { collectTail, type Stream } from './tail.ts';

const STREAMS: Stream[] = ['stdout', 'stderr'];

interface OutputOptions {
  capBytes: number;
  tailBytes: number;
  /** Parses a line of stdout. */
  reader: (line: string) => NewEvent[];
  write: (events: NewEvent[]) => Promise<void>;
  /** Called when the output exceeds the cap. */
  onCap: () => void;
}

/** Converts a run's output to events: everything up to the cap, and the last bytes once the run has ended. */
export function collectOutput({ capBytes, tailBytes, reader, write, onCap }: OutputOptions) {
  const splitters = { stdout: splitLines(), stderr: splitLines() };
  const bytes = { stdout: 0, stderr: 0 };
  const torn = new Set<Stream>();
  const tail = collectTail(tailBytes);
  const excerpt = collectExcerpt();
  let headBytes = 0;

  /** Only whole lines of stdout are parsed; the last one may lack its line feed. */
  const isParsed = (stream: Stream, { end, line }: Piece) =>
    (end || line !== undefined) && !torn.delete(stream) && stream === 'stdout';

  async function emit(stream: Stream, pieces: Piece[]): Promise<void> {
    if (pieces.length === 0) return;
    if (stream === 'stderr') excerpt.add(pieces);
    await write(pieces.flatMap((piece) => eventsOf(stream, piece, isParsed(stream, piece) ? tryReader(reader, piece.line) : [])));
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

/** Attaches the line to the first of its events. */
function eventsOf(stream: Stream, { text, end }: Piece, [first = { kind: 'output' }, ...rest]: NewEvent[]): NewEvent[] {
  return [{ ...first, line: { stream, text, end } }, ...rest];
}

/** Returns no events if the reader throws; the line itself is still logged. */
function tryReader(reader: OutputOptions['reader'], line: string | undefined): NewEvent[] {
  try {
    return line === undefined ? [] : reader(line);
  } catch {
    return [];
  }
}
