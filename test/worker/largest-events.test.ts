import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { EVENT_TEXT_MAX, OPEN_ASKS_MAX } from '../../container/protocol.ts';
import { rangeOf, readConfig } from '../../src/config.ts';
import { ingest } from '../../src/job/ingest.ts';
import { JobStore } from '../../src/job/store.ts';
import { jobOf, specOf } from './helpers/jobs.ts';
import { expectWithin, MANY } from './helpers/largest.ts';

const long = '"'.repeat(2_000);
const wide = '鎖'.repeat(2_000);
const denials = Array.from({ length: 50 }, () => ({ tool: '鎖'.repeat(200), input: wide, reason: long }));
const result = {
  kind: 'result' as const,
  ...{ index: 0, isError: false, subtype: 's'.repeat(200), stopReason: 's'.repeat(200), terminalReason: 't'.repeat(200) },
  ...{ apiError: 'e'.repeat(200), errors: Array.from({ length: 50 }, () => wide), sessionId: 'i'.repeat(200) },
  ...{ models: Array.from({ length: 50 }, () => '鎖'.repeat(200)), denials, hasStructured: true },
};

const text = (unit: string) => unit.repeat(EVENT_TEXT_MAX);

/** The largest event of each kind that stores a text. */
const payloads: [what: string, payload: (index: number) => object][] = [
  ['text', () => ({ kind: 'text', text: text('鎖') })],
  ['thinking', () => ({ kind: 'thinking', text: text('"') })],
  ['answer', () => ({ kind: 'answer', index: 0, part: 'text', text: text('鎖') })],
  ['structured output', () => ({ kind: 'answer', index: 0, part: 'structured', text: text('9') })],
  ['tool call', (index) => ({ kind: 'tool_start', id: `${index}`, tool: '鎖'.repeat(200), input: wide })],
  ['tool output', (index) => ({ kind: 'tool_end', id: `${index}`, isError: true, output: wide })],
  ['denial', () => ({ kind: 'denied', denial: denials[0] })],
  [
    'permission request',
    (index) => ({ kind: 'ask', id: `${index}`.padEnd(200, '鎖'), tool: '鎖'.repeat(200), input: text('"') }),
  ],
  ['result', () => result],
  ['line of output', () => ({ kind: 'output', line: { stream: 'stdout', text: text('鎖'), end: true } })],
  ['retry', () => ({ kind: 'retry', attempt: 1, error: '鎖'.repeat(200) })],
];

test.each(payloads)('forty of the largest %s are stored within a row, read back and shown', async (_what, payload) => {
  const spec = specOf([], { options: { note: '"'.repeat(rangeOf('optionsMaxBytes').max / 2 - 100) } });
  const stub = jobOf(spec);
  await stub.create(spec, 'a-run-token', false);
  await runInDurableObject(stub, async (_job, { storage }) => {
    const store = new JobStore(storage);
    store.start(1);
    const events = Array.from({ length: MANY }, (_, index) => Object({ seq: index + 1, at: 1, ...payload(index) }));
    for (const event of events) ingest(store, [event], 1);
    expect(store.job()?.cursor).toBe(MANY);
    const [event] = events;
    if (event.kind === 'ask') {
      expect(store.job()?.progress.asks).toHaveLength(OPEN_ASKS_MAX);
      expect(store.askedInput(OPEN_ASKS_MAX) === event.input).toBe(true);
    }
    if (event.kind === 'text') expect(store.texts.read('said') === event.text.repeat(MANY)).toBe(true);
    if (event.line) expect(store.texts.read('stdout') === `${event.line.text}\n`.repeat(MANY)).toBe(true);
  });
  await expectWithin('Job', stub);
  const status = await stub.status(0, 1_000, readConfig(env).limits.eventPageChars);
  expect(status).toMatchObject({ ok: true, value: { job: { lastSeq: MANY } } });
});

test('an event of an executor that keeps no bound is cut, and its job goes on', async () => {
  const spec = specOf([]);
  const stub = jobOf(spec);
  await stub.create(spec, 'a-run-token', false);
  await runInDurableObject(stub, (_job, { storage }) => {
    const store = new JobStore(storage);
    store.start(1);
    const huge = { ...result, errors: Array.from({ length: 1_000 }, () => '鎖'.repeat(10_000)) };
    ingest(store, [Object({ seq: 1, at: 1, ...huge })], 1);
    expect(store.job()?.cursor).toBe(1);
  });
  await expectWithin('Job', stub);
});
