import { EventEmitter, once } from 'node:events';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import { errnoOf, Refusal } from '../errors.ts';
import { EVENT_PAGE_BYTES, type Item, type Lifecycle, type OutputPiece } from '../protocol.ts';
import { PRIVATE_DIRECTORY } from '../state/files.ts';
import { cutLines, listSegments, SEGMENT_BYTES, type Segment, segmentAt } from './segments.ts';

/** An event before it has a place in the log. */
export type Entry = (Item | Lifecycle) & { line?: OutputPiece };

/** A run's log on disk. What is read has been written; what was acknowledged may be gone. */
export interface Spool {
  /** Highest seq that can be read; 0 for an empty log. */
  last: () => number;
  /** True once the log has its exit event, which is always the last one. */
  isEnded: () => boolean;
  /** Writes in the order of the calls. A failed write leaves the log as it was and rejects. */
  append: (entries: Entry[]) => Promise<void>;
  /** Refuses a cursor beyond the end or before what was removed. */
  checkCursor: (after: number) => void;
  /** The lines after a cursor, at most `limit` and about EVENT_PAGE_BYTES. */
  page: (after: number, limit: number) => Promise<Buffer>;
  /** Resolves with the next event after the cursor, or when the signal aborts. */
  wait: (after: number, signal: AbortSignal) => Promise<void>;
  /** Removes the segments that hold nothing after the cursor. */
  acknowledge: (after: number) => Promise<void>;
  close: () => Promise<void>;
}

/** Opens the log in a directory, new or left by an earlier executor; a line cut off by a crash is removed. */
export async function openSpool(directory: string): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  const state: State = { ...(await listSegments(directory)), directory, handle: undefined };
  const arrivals = new EventEmitter().setMaxListeners(0);
  let queue = Promise.resolve();
  const last = () => state.segments.at(-1)?.last ?? 0;

  return {
    last,
    isEnded: () => state.isEnded,
    append: (entries) => {
      const written = queue.then(() => write(state, entries));
      queue = written.then(
        () => void arrivals.emit('event'),
        () => {},
      );
      return written;
    },
    checkCursor: (after) => checkCursor(state.segments, after, last()),
    page: (after, limit) => readPage(state, after, limit),
    wait: async (after, signal) => {
      if (last() > after || signal.aborted) return;
      await once(arrivals, 'event', { signal }).catch(() => {});
    },
    acknowledge: async (after) => {
      const gone = state.segments.filter((segment, index) => segment.last <= after && index < state.segments.length - 1);
      state.segments = state.segments.filter((segment) => !gone.includes(segment));
      await Promise.all(gone.map((segment) => rm(segment.path, { force: true })));
    },
    close: async () => {
      await queue;
      await state.handle?.close();
      state.handle = undefined;
    },
  };
}

interface State {
  directory: string;
  segments: Segment[];
  isEnded: boolean;
  /** The last segment, open for appending. */
  handle: FileHandle | undefined;
}

async function write(state: State, entries: Entry[]): Promise<void> {
  const at = Date.now();
  let seq = state.segments.at(-1)?.last ?? 0;
  let batch: string[] = [];
  let batchBytes = 0;
  for (const entry of entries) {
    seq += 1;
    const line = `${JSON.stringify({ seq, at, ...entry })}\n`;
    batch.push(line);
    batchBytes += Buffer.byteLength(line);
    if (batchBytes >= SEGMENT_BYTES) {
      await commit(state, batch);
      batch = [];
      batchBytes = 0;
    }
  }
  if (batch.length > 0) await commit(state, batch);
  state.isEnded ||= entries.at(-1)?.kind === 'exit';
}

/** Appends whole lines to the last segment, or to a new one when that is full. */
async function commit(state: State, lines: string[]): Promise<void> {
  let segment = state.segments.at(-1);
  if (segment === undefined || segment.bytes >= SEGMENT_BYTES) {
    await state.handle?.close();
    state.handle = undefined;
    segment = segmentAt(state.directory, (segment?.last ?? 0) + 1);
    state.segments = [...state.segments, segment];
  }
  state.handle ??= await open(segment.path, 'a', 0o600);
  const data = Buffer.from(lines.join(''));
  try {
    await state.handle.appendFile(data);
  } catch (error) {
    await state.handle.truncate(segment.bytes);
    throw error;
  }
  segment.bytes += data.length;
  segment.last += lines.length;
}

function checkCursor(segments: Segment[], after: number, last: number): void {
  const firstKept = segments[0]?.first ?? 1;
  if (after > last) throw new Refusal('bad_request', `The cursor ${after} is beyond the last event, ${last}.`);
  if (after < firstKept - 1)
    throw new Refusal('events_gone', `Events up to ${firstKept - 1} were acknowledged and removed; the cursor is ${after}.`);
}

async function readPage(state: State, after: number, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let next = after + 1;
  let bytes = 0;
  for (const { path, first, last, bytes: written } of state.segments) {
    if (last < next) continue;
    const data = await readFile(path).catch((error) => {
      // A reader with a later cursor has acknowledged this segment meanwhile.
      if (errnoOf(error) === 'ENOENT') checkCursor(state.segments, after, last);
      throw error;
    });
    const cut = cutLines(data.subarray(0, written), next - first, limit - (next - after - 1), EVENT_PAGE_BYTES - bytes);
    pieces.push(cut.data);
    bytes += cut.data.length;
    next += cut.lines;
    if (next - after > limit || bytes >= EVENT_PAGE_BYTES) break;
  }
  return Buffer.concat(pieces);
}
