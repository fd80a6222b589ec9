import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Size of a full segment, in bytes; its last event may exceed it. A page reads one or two segments. */
export const SEGMENT_BYTES = 1_048_576;

const LINE_FEED = 0x0a;
const SEGMENT_NAME = /^(\d{12})\.ndjson$/;

/** One file of a run's log, with its first and last seq. `last` is `first - 1` while it is empty. */
export interface Segment {
  path: string;
  first: number;
  last: number;
  /** Length of the complete writes; further bytes belong to a write in progress. */
  bytes: number;
}

/** Describes an empty segment that begins with a seq. */
export function segmentAt(directory: string, first: number): Segment {
  return { path: join(directory, `${String(first).padStart(12, '0')}.ndjson`), first, last: first - 1, bytes: 0 };
}

/** Lists the segments in a directory, and whether the log has ended. Truncates an incomplete line of the last segment. */
export async function listSegments(directory: string): Promise<{ segments: Segment[]; isEnded: boolean }> {
  const names = (await readdir(directory)).filter((name) => SEGMENT_NAME.test(name)).sort();
  const segments = names.map((name) => segmentAt(directory, Number(SEGMENT_NAME.exec(name)?.[1])));
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined) segment.last = next.first - 1;
    const data = await readFile(segment.path);
    segment.bytes = data.lastIndexOf(LINE_FEED) + 1;
    if (next === undefined) {
      segment.last = segment.first - 1 + countLines(data);
      await truncateFile(segment.path, segment.bytes);
      return { segments, isEnded: isExit(data.subarray(0, segment.bytes)) };
    }
  }
  return { segments, isEnded: false };
}

/** Takes up to `limit` lines of `data` after the first `skip`; stops after the line that reaches `maxBytes`. */
export function cutLines(data: Buffer, skip: number, limit: number, maxBytes: number): { data: Buffer; lines: number } {
  let start = 0;
  for (let skipped = 0; skipped < skip; skipped += 1) start = data.indexOf(LINE_FEED, start) + 1;
  let end = start;
  let lines = 0;
  while (lines < limit && end < data.length && end - start < maxBytes) {
    end = data.indexOf(LINE_FEED, end) + 1;
    lines += 1;
  }
  return { data: data.subarray(start, end), lines };
}

function countLines(data: Buffer): number {
  let lines = 0;
  for (let feed = data.indexOf(LINE_FEED); feed !== -1; feed = data.indexOf(LINE_FEED, feed + 1)) lines += 1;
  return lines;
}

async function truncateFile(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.truncate(bytes).finally(() => handle.close());
}

const ExitEvent = z.object({ kind: z.literal('exit') });

function isExit(data: Buffer): boolean {
  const start = data.lastIndexOf(LINE_FEED, data.length - 2) + 1;
  return data.length > 0 && ExitEvent.safeParse(JSON.parse(data.toString('utf8', start))).success;
}
