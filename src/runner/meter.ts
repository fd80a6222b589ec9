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

/** Passes an answer of a model on as it comes, and tells what the call used so far whenever the answer tells it. */
export function metered(answer: Response, report: (usage: Usage) => Promise<void>): Response {
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
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform: async (chunk, passed) => {
      passed.enqueue(chunk);
      const text = decoder.decode(chunk, { stream: true });
      if (!isStream) return cutter.keep(text);
      for (const line of cutter.push(text)) if (line.startsWith('data:')) await read(line.slice(5));
    },
    flush: () => read(isStream ? cutter.take().replace(/^data:/, '') : cutter.take()),
  });
  return new Response(answer.body.pipeThrough(meter), answer);
}
