import type { Usage } from '../../container/protocol.ts';

/** Longest line of a stream, or JSON response, that is read for its usage, in UTF-16 units. A longer one passes unread. */
const READ_MAX = 16_777_216;

/** Splits text that arrives in chunks at its line feeds. `take` returns what follows the last one. */
function lineCutter() {
  let parts: string[] = [];
  let length = 0;
  const keep = (part: string) => {
    length += part.length;
    if (length <= READ_MAX) parts.push(part);
    else parts = [];
  };
  const take = () => {
    const line = parts.join('');
    parts = [];
    length = 0;
    return line;
  };
  const push = (text: string) => {
    const pieces = text.split('\n');
    const rest = pieces.pop() ?? '';
    const lines = pieces.map((piece) => {
      keep(piece);
      return take();
    });
    keep(rest);
    return lines;
  };
  return { push, keep, take };
}

/** The client of a response. */
export interface Consumer {
  /** Aborted when the client disconnects. */
  signal: AbortSignal;
  /** Called once when the client stops reading before the end. */
  onAbandoned: () => Promise<void>;
}

/** Reads the usage of a call out of its response. */
export interface Metering {
  usageIn: (json: string) => Usage | undefined;
  /** Reports the usage so far. False: the response has to be cut. */
  report: (usage: Usage) => Promise<boolean>;
  /** Called once when nothing more will be reported. */
  onEnd: () => Promise<void>;
}

/** Receives a response as it passes. Throws to cut it. */
interface Observer {
  see: (chunk: Uint8Array) => Promise<void>;
  end: () => Promise<void>;
}

/** Reads a stream to its end and passes it on at the consumer's pace. Once the consumer has left, the rest is observed and discarded. */
async function relay(
  source: AsyncIterable<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  { see, end }: Observer,
  { signal, onAbandoned }: Consumer,
): Promise<void> {
  const writer = sink.getWriter();
  let isRead = true;
  const { promise: leaving, resolve: leave } = Promise.withResolvers<void>();
  const abandoned = leaving.then(() => {
    isRead = false;
    return onAbandoned();
  });
  writer.closed.catch(() => leave());
  // A stream that is never read blocks its writer forever and does not report that the client disconnected.
  if (signal.aborted) leave();
  signal.addEventListener('abort', () => leave());
  const pass = async (work: () => Promise<void>) => {
    if (isRead) await Promise.race([work().catch(() => leave()), abandoned]);
  };
  try {
    for await (const chunk of source) {
      // Usage is reported before the client has the end of the response, and so before the run can end.
      await see(chunk);
      await pass(() => writer.write(chunk));
    }
    await end();
    await pass(() => writer.close());
  } catch (error) {
    await pass(() => writer.abort(error));
  }
  if (!isRead) await abandoned;
}

/**
 * Passes a model's response on as it arrives, and reports the usage so far whenever the response does. Some services report it at the
 * end only, so the response is read to its end even if the consumer leaves: `waitUntil` receives the promise of that.
 */
export function meter(
  response: Response,
  { usageIn, report, onEnd }: Metering,
  consumer: Consumer,
  waitUntil: (reading: Promise<void>) => void,
): Response {
  const type = response.headers.get('content-type') ?? '';
  const isStream = type.startsWith('text/event-stream');
  if (!response.body || !(isStream || type.startsWith('application/json'))) {
    waitUntil(onEnd());
    return response;
  }
  const decoder = new TextDecoder();
  const cutter = lineCutter();
  const read = async (json: string) => {
    const usage = usageIn(json);
    if (usage && !(await report(usage))) throw new Error('the budget of the run is used up');
  };
  const see = async (chunk: Uint8Array) => {
    const text = decoder.decode(chunk, { stream: true });
    if (!isStream) return cutter.keep(text);
    for (const line of cutter.push(text)) if (line.startsWith('data:')) await read(line.slice(5));
  };
  const end = () => read(isStream ? cutter.take().replace(/^data:/, '') : cutter.take());
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  waitUntil(relay(response.body, writable, { see, end }, consumer).finally(onEnd));
  return new Response(readable, response);
}
