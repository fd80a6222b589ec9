import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PROTOCOL_VERSION, RunRequest } from '../../../container/protocol.ts';
import { executorClient } from '../../../src/runner/executor-client.ts';

const LONG_MS = 3_000;
type Client = ReturnType<typeof executorClient>;

const LIMITS = { idleTimeoutMs: 1, runTimeoutMs: 1, outputCapBytes: 1, outputTailBytes: 1, cancelGraceMs: 1, resultGraceMs: 2 };
const REQUEST = RunRequest.parse({
  ...{ protocol: 2, account: 'a', provider: 'p', prompt: 'hi', options: {}, limits: LIMITS },
  session: { mode: 'new', id: crypto.randomUUID() },
  gate: { baseUrl: 'http://gate.invalid', token: 'a-made-up-run-token' },
});

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

const silent = (_path: string, { signal }: RequestInit) =>
  new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));

test('an executor that says nothing counts as silent, well before its runs count as lost', async () => {
  const page = executorClient(silent).events('job', 0, 1_000);
  await vi.advanceTimersByTimeAsync(2 * LONG_MS);
  expect(await page).toMatchObject({
    kind: 'unanswered',
    error: { code: 'executor_silent', message: 'The executor did not answer within 5 s.', retryable: true },
  });
});

test('an executor that refuses connections counts as unreachable, and no address is disclosed', async () => {
  const refusing = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:8080'));
  const page = await executorClient(refusing).events('job', 0, 1_000);
  expect(page).toMatchObject({ kind: 'unanswered', error: { code: 'executor_unreachable', retryable: true } });
  expect(JSON.stringify(page)).not.toContain('10.0.0.1');
});

test.each([
  ['the request to start', (client: Client) => client.start('job', REQUEST, null, 700)],
  ['the wait for a container', (client: Client) => client.wake(700)],
])('%s takes no longer than its caller waits', async (_what, call) => {
  const reply = call(executorClient(silent));
  await vi.advanceTimersByTimeAsync(700);
  expect(await reply).toMatchObject({ kind: 'unanswered', error: { code: 'executor_silent' } });
});

const HEALTH = {
  ...{ version: '9', clis: {}, running: 0, maxRunning: 1, freeDiskBytes: 1, memoryBytes: 1, containment: 'scan' },
  protocol: PROTOCOL_VERSION,
};
const mismatch = (protocol: number) => ({
  kind: 'unanswered',
  error: {
    code: 'protocol_mismatch',
    retryable: false,
    message: `The executor uses protocol ${protocol}, the gateway uses ${PROTOCOL_VERSION}: its answers cannot be read.`,
  },
});

test.each([
  ['one version up', { ...HEALTH, protocol: PROTOCOL_VERSION + 1 }, { kind: 'ok' }],
  ['two versions up', { ...HEALTH, protocol: PROTOCOL_VERSION + 2 }, mismatch(PROTOCOL_VERSION + 2)],
  ['with a health of another form', { protocol: PROTOCOL_VERSION + 3, containment: 'moon' }, mismatch(PROTOCOL_VERSION + 3)],
])('an executor %s is told apart by its version', async (_what, health, reply) => {
  const client = executorClient(async () => Response.json(health));
  expect(await client.health()).toMatchObject(reply);
  expect(await client.wake(1_000)).toMatchObject(reply);
});

test('a page that cannot be read names the version of both sides', async () => {
  const exit = { seq: 1, at: 1, kind: 'exit', cause: 'a new one' };
  const client = executorClient(async (path) => Response.json(path === '/health' ? { protocol: 3 } : exit));
  expect(await client.events('job', 0, 0)).toMatchObject(mismatch(3));
});

test('an event of an unknown kind is kept as output', async () => {
  const line = { stream: 'stdout', text: 'raw', end: true };
  const page = [
    { seq: 1, at: 1, kind: 'plan', steps: ['a'], line },
    { seq: 2, at: 1, kind: 'plan', steps: ['b'] },
  ];
  const client = executorClient(async () => new Response(page.map((event) => `${JSON.stringify(event)}\n`).join('')));
  expect(await client.events('job', 0, 0)).toEqual({
    kind: 'ok',
    value: [
      { seq: 1, at: 1, kind: 'output', line },
      { seq: 2, at: 1, kind: 'output' },
    ],
  });
});

test('an executor that does not know the newest limit still starts the run', async () => {
  const bodies: unknown[] = [];
  const client = executorClient(async (_path, { body }) => {
    bodies.push(JSON.parse(String(body)));
    const message = 'Invalid body: limits: Unrecognized key: "resultGraceMs"';
    return bodies.length === 1 ? Response.json({ code: 'bad_request', message }, { status: 400 }) : Response.json({});
  });
  expect(await client.start('job', REQUEST, null, 60_000)).toEqual({ kind: 'ok', value: null });
  expect(bodies).toMatchObject([REQUEST, { prompt: 'hi', limits: { idleTimeoutMs: 1 } }]);
  expect(JSON.stringify(bodies[1])).not.toContain('resultGraceMs');
});
