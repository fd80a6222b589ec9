import { EventEmitter, once } from 'node:events';
import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Refusal } from '../errors.ts';
import { EVENT_PAGE_BYTES, type Item, type Lifecycle, type OutputPiece } from '../protocol.ts';
import { WriteError } from '../state/disk.ts';
import { PRIVATE_DIRECTORY } from '../state/files.ts';
import { cutLines, listSegments, SEGMENT_BYTES, type Segment, segmentAt } from './segments.ts';

/** An event before the log gives it a number and a time. */
export type NewEvent = (Item | Lifecycle) & { line?: OutputPiece };

/** A run's log on disk. Readers see only what is written; acknowledged events may be removed. */
export interface Spool {
  /** Highest seq in the log, or 0. */
  last: () => number;
  /** True once the log has its exit event, always its last. */
  isEnded: () => boolean;
  /** Appends events in the order of the calls. Rejects without a change if the write fails. */
  append: (events: NewEvent[]) => Promise<void>;
  /** Throws a refusal for a cursor beyond the end or before removed events. */
  checkCursor: (after: number) => void;
  /** Reads the lines after a cursor, up to `limit` lines and about EVENT_PAGE_BYTES. */
  page: (after: number, limit: number) => Promise<Buffer>;
  /** Resolves when an event after the cursor exists, or when the signal aborts. */
  wait: (after: number, signal: AbortSignal) => Promise<void>;
  /** Removes segments without events after the cursor, except the last one. */
  acknowledge: (after: number) => Promise<void>;
  close: () => Promise<void>;
}

/** Size of the file that keeps room for the exit event on a full disk, in bytes. */
const RESERVE_BYTES = 16_384;
const reserveIn = (directory: string) => join(directory, '.reserve');

/** Opens the log in a directory, empty or of an earlier executor. Removes a line that a crash cut off. */
export async function openSpool(directory: string): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  const state: SpoolState = { ...(await listSegments(directory)), directory, handle: undefined, hasFailed: false };
  if (!state.isEnded) await writeFile(reserveIn(directory), Buffer.alloc(RESERVE_BYTES), { mode: 0o600 }).catch(() => {});
  const arrivals = new EventEmitter().setMaxListeners(0);
  let queue = Promise.resolve();
  const last = () => state.segments.at(-1)?.last ?? 0;

  return {
    last,
    isEnded: () => state.isEnded,
    append: (events) => {
      const written = queue.then(() => writeEvents(state, events));
      queue = written.then(
        () => void arrivals.emit('event'),
        () => {},
      );
      return written;
    },
    checkCursor: (after) => checkCursor(state.segments, after, last()),
    page: (after, limit) => readLinesAfter(state, after, limit),
    wait: async (after, signal) => {
      if (last() > after || signal.aborted) return;
      await once(arrivals, 'event', { signal }).catch(() => {});
    },
    acknowledge: async (after) => {
      const acknowledged = state.segments.filter((segment, index) => segment.last <= after && index < state.segments.length - 1);
      state.segments = state.segments.filter((segment) => !acknowledged.includes(segment));
      await Promise.all(acknowledged.map((segment) => rm(segment.path, { force: true })));
    },
    close: async () => {
      await queue;
      await state.handle?.close();
      state.handle = undefined;
    },
  };
}

interface SpoolState {
  directory: string;
  segments: Segment[];
  isEnded: boolean;
  /** The last segment, open for appending. */
  handle: FileHandle | undefined;
  /** The last write failed. */
  hasFailed: boolean;
}

async function writeEvents(state: SpoolState, events: NewEvent[]): Promise<void> {
  const isExit = events.at(-1)?.kind === 'exit';
  if (isExit) await rm(reserveIn(state.directory), { force: true });
  const at = Date.now();
  let seq = state.segments.at(-1)?.last ?? 0;
  let batch: string[] = [];
  let batchBytes = 0;
  for (const event of events) {
    seq += 1;
    const line = `${JSON.stringify({ seq, at, ...event })}\n`;
    batch.push(line);
    batchBytes += Buffer.byteLength(line);
    if (batchBytes >= SEGMENT_BYTES) {
      await commitLines(state, batch);
      batch = [];
      batchBytes = 0;
    }
  }
  if (batch.length > 0) await commitLines(state, batch);
  state.isEnded ||= isExit;
}

/** Appends whole lines to the last segment, or to a new one if that is full or takes no more. */
async function commitLines(state: SpoolState, lines: string[]): Promise<void> {
  let segment = state.segments.at(-1);
  if (segment === undefined || segment.bytes >= (state.hasFailed ? 1 : SEGMENT_BYTES)) {
    await state.handle?.close();
    state.handle = undefined;
    segment = segmentAt(state.directory, (segment?.last ?? 0) + 1);
    state.segments = [...state.segments, segment];
  }
  const data = Buffer.from(lines.join(''));
  try {
    state.handle ??= await open(segment.path, 'a', 0o600);
    await state.handle.appendFile(data);
  } catch (error) {
    await state.handle?.truncate(segment.bytes);
    state.hasFailed = true;
    throw new WriteError(error, segment.path, data.length);
  }
  state.hasFailed = false;
  segment.bytes += data.length;
  segment.last += lines.length;
}

function checkCursor(segments: Segment[], after: number, last: number): void {
  const firstKept = segments[0]?.first ?? 1;
  if (after > last) throw new Refusal('bad_request', `Cursor ${after} is beyond the last event (${last}).`);
  if (after < firstKept - 1)
    throw new Refusal('events_gone', `Events up to ${firstKept - 1} were acknowledged and removed (cursor ${after}).`);
}

async function readLinesAfter(state: SpoolState, after: number, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let next = after + 1;
  let bytes = 0;
  for (const { path, first, last, bytes: written } of state.segments) {
    if (last < next) continue;
    const data = await readFile(path).catch((error) => {
      // A reader with a later cursor may have acknowledged this segment.
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
