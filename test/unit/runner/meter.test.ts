import { expect, test } from 'vitest';
import type { Usage } from '../../../container/protocol.ts';
import { metered } from '../../../src/runner/meter.ts';

const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-opus-5-5","usage":{"input_tokens":10,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"delta":{"text":"漢字"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":20}}\n\n',
].join('');

/** An answer that comes in pieces of so many bytes. */
function answerOf(text: string, type: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
  const body = new ReadableStream({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': type } });
}

function metering(answer: Response) {
  const seen: Usage[] = [];
  const passed = metered(answer, async (usage) => void seen.push(usage));
  return { passed, seen };
}

test.each([1, 7, 10_000])('a stream in pieces of %i bytes passes unchanged, and each change of usage is told', async (size) => {
  const { passed, seen } = metering(answerOf(EVENTS, 'text/event-stream; charset=utf-8', size));
  expect(await passed.text()).toBe(EVENTS);
  expect(seen.map(({ outputTokens }) => outputTokens)).toEqual([1, 20]);
});

test('a piece is passed on before the next one comes', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const { passed } = metering(new Response(readable, { headers: { 'content-type': 'text/event-stream' } }));
  const writer = writable.getWriter();
  const reader = passed.body?.getReader();
  const write = writer.write(new TextEncoder().encode('data: {"half'));
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: {"half');
  await write;
});

test('a whole answer as JSON is told at its end', async () => {
  const json = JSON.stringify({ model: 'claude-opus-5-5', usage: { input_tokens: 3, output_tokens: 4 } }, null, 2);
  const { passed, seen } = metering(answerOf(json, 'application/json', 5));
  expect(await passed.text()).toBe(json);
  expect(seen).toMatchObject([{ inputTokens: 3, outputTokens: 4 }]);
});

test('an answer of another kind is not looked into', () => {
  const answer = new Response('usage', { headers: { 'content-type': 'text/plain' } });
  expect(metering(answer).passed).toBe(answer);
});
