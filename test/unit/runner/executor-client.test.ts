import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RunRequest } from '../../../container/protocol.ts';
import { executorClient } from '../../../src/runner/executor-client.ts';

const LONG_MS = 3_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page of events whose lines come one by one. */
const slowly = (lines: string[], pauseMs: number) =>
  new ReadableStream({
    async start(controller) {
      for (const line of lines) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        controller.enqueue(new TextEncoder().encode(line));
      }
      controller.close();
    },
  });

test('a page that comes slowly is read to its end', async () => {
  const lines = [1, 2, 3, 4, 5].map((seq) => `${JSON.stringify({ seq, at: 1, kind: 'output' })}\n`);
  const client = executorClient(async () => new Response(slowly(lines, LONG_MS)));
  const page = client.events('job', 0, 0);
  await vi.advanceTimersByTimeAsync(lines.length * LONG_MS);
  expect(await page).toMatchObject({ kind: 'ok', value: [{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }, { seq: 5 }] });
});

test('an executor that says nothing counts as unreachable, well before its runs count as lost', async () => {
  const silent = (_path: string, { signal }: RequestInit) =>
    new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('no answer in time'))));
  const page = executorClient(silent).events('job', 0, 1_000);
  await vi.advanceTimersByTimeAsync(2 * LONG_MS);
  expect(await page).toEqual({ kind: 'unreachable', detail: 'no answer in time' });
});

const refusal = { code: 'at_capacity', message: 'At capacity.' };

test.each([
  ['a success', 200, '{"over":false}', { kind: 'ok', value: null }],
  ['a refusal of the executor', 503, JSON.stringify(refusal), { kind: 'refused', error: refusal }],
  ["an error that is not the executor's", 502, '{"error":"bad gateway"}', { kind: 'unreachable', detail: 'HTTP 502' }],
  ['an error page', 500, '<html>', { kind: 'unreachable', detail: expect.stringContaining('JSON') }],
])('%s is reported as such', async (_what, status, body, reply) => {
  const client = executorClient(async () => new Response(body, { status }));
  expect(await client.cancel('job')).toEqual(reply);
});

test('an executor that does not know the newest limit still starts the run', async () => {
  const limits = { idleTimeoutMs: 1, runTimeoutMs: 1, outputCapBytes: 1, outputTailBytes: 1, cancelGraceMs: 1, resultGraceMs: 2 };
  const request = {
    ...{ protocol: 2, account: 'a', provider: 'p', prompt: 'hi', options: {}, limits },
    session: { mode: 'new', id: crypto.randomUUID() },
    gate: { baseUrl: 'http://gate.invalid', token: 'a-made-up-run-token' },
  };
  const bodies: unknown[] = [];
  const client = executorClient(async (_path, { body }) => {
    bodies.push(JSON.parse(String(body)));
    const message = 'Invalid body: limits: Unrecognized key: "resultGraceMs"';
    return bodies.length === 1 ? Response.json({ code: 'bad_request', message }, { status: 400 }) : Response.json({});
  });
  expect(await client.start('job', RunRequest.parse(request), null)).toEqual({ kind: 'ok', value: null });
  expect(bodies).toMatchObject([request, { prompt: 'hi', limits: { idleTimeoutMs: 1 } }]);
  expect(JSON.stringify(bodies[1])).not.toContain('resultGraceMs');
});
