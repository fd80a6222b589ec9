import { expect, test } from 'vitest';
import type { Usage } from '../../../container/protocol.ts';
import { claudeUsageReader } from '../../../container/providers/claude/usage.ts';
import { grokUsageReader } from '../../../container/providers/grok/usage.ts';
import { meter } from '../../../src/gate/meter.ts';

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

function metering(answer: Response, signal = new AbortController().signal, usageReader = claudeUsageReader, maxReports = 1_000) {
  const seen: Usage[] = [];
  const readings: Promise<void>[] = [];
  let hasLeft = false;
  const onAbandoned = async () => {
    hasLeft = true;
  };
  let ends = 0;
  const onEnd = async () => {
    ends += 1;
  };
  const report = async (usage: Usage) => seen.push(usage) < maxReports;
  const metering = { usageIn: usageReader(), report, onEnd };
  const passed = meter(answer, metering, { signal, onAbandoned }, (reading) => readings.push(reading));
  return { passed, seen, hasLeft: () => hasLeft, ends: () => ends, untilRead: () => Promise.all(readings) };
}

test.each([1, 7, 10_000])('a stream in pieces of %i bytes passes unchanged, and each change of usage is told', async (size) => {
  const { passed, seen, hasLeft, untilRead } = metering(answerOf(EVENTS, 'text/event-stream; charset=utf-8', size));
  expect(await passed.text()).toBe(EVENTS);
  await untilRead();
  expect(hasLeft()).toBe(false);
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

test('a reader that leaves is noticed at once, though nothing more comes', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const { passed, hasLeft } = metering(new Response(readable, { headers: { 'content-type': 'text/event-stream' } }));
  const reader = passed.body?.getReader();
  await Promise.all([writable.getWriter().write(new TextEncoder().encode('data: {}\n')), reader?.read()]);
  await reader?.cancel();
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  expect(hasLeft()).toBe(true);
});

const XAI_EVENTS = [
  'event: response.created\ndata: {"response":{"model":"grok-4.6","usage":null}}\n\n',
  'event: response.completed\ndata: {"response":{"usage":{"input_tokens":10,"output_tokens":20,"cost_in_usd_ticks":10000000000}}}\n\n',
].join('');

test.each([
  ['Anthropic', EVENTS, claudeUsageReader],
  ['xAI', XAI_EVENTS, grokUsageReader],
])('a stream of %s that its reader leaves after a few bytes is metered to its end', async (_service, events, usageReader) => {
  const answer = answerOf(events, 'text/event-stream', 7);
  const { passed, seen, hasLeft, untilRead } = metering(answer, undefined, usageReader);
  const reader = passed.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await untilRead();
  expect(hasLeft()).toBe(true);
  expect(seen.at(-1)).toMatchObject({ outputTokens: 20 });
});

test.each(['before', 'while'])(
  'a stream whose caller is gone %s it comes is metered to its end, though nobody reads it',
  async (when) => {
    const caller = new AbortController();
    if (when === 'before') caller.abort();
    const { seen, hasLeft, untilRead } = metering(answerOf(EVENTS, 'text/event-stream', 7), caller.signal);
    if (when === 'while') {
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      expect(seen).toEqual([]);
      caller.abort();
    }
    await untilRead();
    expect(hasLeft()).toBe(true);
    expect(seen.at(-1)).toMatchObject({ outputTokens: 20 });
  },
);

test('a reader that takes its time holds the stream back', async () => {
  let given = 0;
  const source = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(++given)) });
  const { passed } = metering(new Response(source, { headers: { 'content-type': 'text/event-stream' } }));
  await passed.body?.getReader().read();
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  expect(given).toBeLessThan(10);
});

test('an answer that breaks off does so for its reader, and what it had told counts', async () => {
  const told = [new TextEncoder().encode(EVENTS)];
  const source = new ReadableStream({
    pull: (controller) => {
      const piece = told.pop();
      if (piece) controller.enqueue(piece);
      else controller.error(new Error('reset'));
    },
  });
  const { passed, seen } = metering(new Response(source, { headers: { 'content-type': 'text/event-stream' } }));
  await expect(passed.text()).rejects.toThrow('reset');
  expect(seen.at(-1)).toMatchObject({ outputTokens: 20 });
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

test('a stream is cut for its reader once its budget is used up, and ends once', async () => {
  const { passed, seen, ends, untilRead } = metering(
    answerOf(EVENTS, 'text/event-stream', 10_000),
    undefined,
    claudeUsageReader,
    1,
  );
  await expect(passed.text()).rejects.toThrow('the budget of the run is used up');
  await untilRead();
  expect(seen).toHaveLength(1);
  expect(ends()).toBe(1);
});

const delta = (text: string) =>
  `data: ${JSON.stringify({ type: 'content_block_delta', delta: { type: 'text_delta', text } })}\n\n`;

test('the output of a running stream is estimated until the service reports it', async () => {
  const events = EVENTS.replace(
    'event: content_block_delta',
    `${delta('x'.repeat(1_500))}${delta('y'.repeat(300))}${delta('z'.repeat(1_500))}event: content_block_delta`,
  );
  const { passed, seen, untilRead } = metering(answerOf(events, 'text/event-stream', 10_000));
  await passed.text();
  await untilRead();
  expect(seen.map(({ outputTokens }) => outputTokens)).toEqual([1, 500, 1_100, 20]);
});
