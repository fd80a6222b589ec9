import type { OutputPiece } from '../protocol.ts';

export type Stream = OutputPiece['stream'];

const LINE_FEED = 0x0a;

/** Collects the last `limit` bytes of both streams in their order of arrival. */
export function collectTail(limit: number) {
  const kept: { stream: Stream; chunk: Uint8Array }[] = [];
  let keptBytes = 0;
  const dropped = { stdout: { bytes: 0, last: LINE_FEED }, stderr: { bytes: 0, last: LINE_FEED } };

  function dropFirst(stream: Stream, chunk: Uint8Array) {
    dropped[stream].bytes += chunk.length;
    dropped[stream].last = chunk.at(-1) ?? LINE_FEED;
    keptBytes -= chunk.length;
  }

  return {
    push: (stream: Stream, chunk: Uint8Array) => {
      if (chunk.length === 0) return;
      // A copy, because a slice would keep the whole read buffer in memory.
      kept.push({ stream, chunk: Uint8Array.from(chunk) });
      keptBytes += chunk.length;
      let whole = 0;
      for (const { stream, chunk } of kept) {
        if (keptBytes - chunk.length < limit) break;
        dropFirst(stream, chunk);
        whole += 1;
      }
      kept.splice(0, whole);
      const [first] = kept;
      const excess = keptBytes - limit;
      if (first !== undefined && excess > 0) {
        dropFirst(first.stream, first.chunk.subarray(0, excess));
        first.chunk = first.chunk.subarray(excess);
      }
    },
    chunks: () => kept,
    droppedBytes: () => dropped.stdout.bytes + dropped.stderr.bytes,
    hasDropped: (stream: Stream) => dropped[stream].bytes > 0,
    startsInsideLine: (stream: Stream) => dropped[stream].last !== LINE_FEED,
  };
}
