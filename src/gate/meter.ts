import type { Usage } from '../../container/protocol.ts';
import { learn, UNTOLD, usageOf } from './usage.ts';

/** Longest line of a stream, or JSON answer, that is read for its usage, in UTF-16 units; a longer one passes unread. */
const READ_MAX = 16_777_216;

/** Cuts text that comes in pieces at its line feeds. `whole` gives what is left at the end. */
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

/** Who takes an answer: `gone` tells that the caller left, `left` hears that its stream is not read to the end. */
export interface Taker {
  gone: AbortSignal;
  left: () => Promise<void>;
}

/** What reads an answer as it passes. */
interface Reading {
  look: (piece: Uint8Array) => Promise<void>;
  end: () => Promise<void>;
}

/** Reads a stream to its end and passes it on at the pace of who takes it. Once that one left, what comes is read and thrown away. */
async function passOn(
  source: AsyncIterable<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  { look, end }: Reading,
  { gone, left }: Taker,
): Promise<void> {
  const writer = sink.getWriter();
  let isTaken = true;
  const { promise: leaving, resolve: leave } = Promise.withResolvers<void>();
  const untilLeft = leaving.then(() => {
    isTaken = false;
    return left();
  });
  writer.closed.catch(() => leave());
  // A stream that nobody began to read holds its writer forever, and tells nothing of a caller that is gone.
  if (gone.aborted) leave();
  gone.addEventListener('abort', () => leave());
  const pass = async (work: () => Promise<void>) => {
    if (isTaken) await Promise.race([work().catch(() => leave()), untilLeft]);
  };
  try {
    for await (const piece of source) {
      await pass(() => writer.write(piece));
      await look(piece);
    }
    await end();
    await pass(() => writer.close());
  } catch (error) {
    await pass(() => writer.abort(error));
  }
  if (!isTaken) await untilLeft;
}

/**
 * Passes an answer of a model on as it comes, and tells what the call used so far whenever the answer tells it. xAI tells it at the end alone, so the
 * answer is read to its end though its taker may leave before: `outlive` gets the promise of that.
 */
export function metered(
  answer: Response,
  report: (usage: Usage) => Promise<void>,
  taker: Taker,
  outlive: (reading: Promise<void>) => void,
): Response {
  const type = answer.headers.get('content-type') ?? '';
  const isStream = type.startsWith('text/event-stream');
  if (!answer.body || !(isStream || type.startsWith('application/json'))) return answer;
  const decoder = new TextDecoder();
  const cutter = lineCutter();
  let told = UNTOLD;
  const read = async (json: string) => {
    const more = learn(told, json);
    if (!more) return;
    told = more;
    await report(usageOf(told));
  };
  const look = async (piece: Uint8Array) => {
    const text = decoder.decode(piece, { stream: true });
    if (!isStream) return cutter.keep(text);
    for (const line of cutter.push(text)) if (line.startsWith('data:')) await read(line.slice(5));
  };
  const end = () => read(isStream ? cutter.take().replace(/^data:/, '') : cutter.take());
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  outlive(passOn(answer.body, writable, { look, end }, taker));
  return new Response(readable, answer);
}
