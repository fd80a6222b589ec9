import { expect, test } from 'vitest';
import { Presence } from '../../src/mcp/http/presence.ts';
import { passTime } from './helpers/time.ts';

const STREAM = { headers: { 'content-type': 'text/event-stream' } };

/** A watched stream that is open for a time, and the end of its source. */
function opened(forMs: number) {
  const presence = new Presence();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const response = presence.watch(new Response(readable, STREAM));
  passTime(forMs);
  return { presence, response, end: () => writable.close() };
}

test('a client that left a stream is not listening', async () => {
  const { presence, response } = opened(2_000);
  const isListening = presence.isListening();
  await response.body?.cancel();
  expect(await isListening).toBe(false);
});

test('a client that reads its stream is listening, and what it reads for that is only comments', async () => {
  const { presence, response, end } = opened(2_000);
  const text = response.text();
  expect(await presence.isListening()).toBe(true);
  await end();
  expect(await text).toMatch(/^(: probe\n\n){2,}$/);
});

test('an answer within a second waits for no probe', async () => {
  const { presence, response, end } = opened(0);
  const text = response.text();
  expect(await presence.isListening()).toBe(true);
  await end();
  expect(await text).toBe('');
});

test('an answer that is no stream passes unchanged, and its client is listening', async () => {
  const presence = new Presence();
  const response = Response.json({ ok: true });
  expect(presence.watch(response)).toBe(response);
  passTime(2_000);
  expect(await presence.isListening()).toBe(true);
});
