import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { Health, PROTOCOL_VERSION, RUN_REQUEST_MAX_BYTES } from '../../container/protocol.ts';
import { isExit, LIMITS, refusalOf, requestOf, startExecutor, startExecutorHere, TOKEN, textOf } from './executor.ts';

type Executor = Awaited<ReturnType<typeof startExecutor>>;

let executor: Executor;
beforeAll(async () => {
  executor = await startExecutor();
});

/** Sends raw bytes, because fetch would correct or refuse them. */
async function sendRaw({ url }: Executor, bytes: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), text: body };
}

const everything = async ({ state }: Executor) => (await readdir(state, { recursive: true })).sort();

test.for([
  { title: 'no token', authorization: '' },
  { title: 'a wrong token', authorization: 'Bearer another-token-that-is-wrong' },
  { title: 'the token in another scheme', authorization: `Basic ${TOKEN}` },
  { title: 'the start of the token', authorization: `Bearer ${TOKEN.slice(0, -1)}` },
])('a caller with $title is refused on every path', async ({ authorization }) => {
  const headers = authorization === '' ? undefined : { authorization };
  for (const path of ['/health', '/runs/a/events', '/nowhere']) {
    const response = await fetch(`${executor.url}${path}`, { headers });
    expect(refusalOf({ status: response.status, text: await response.text() }).code).toBe('unauthorized');
  }
});

test('GET /health reports the executor’s state', async () => {
  const { status, text } = await executor.call('GET', '/health');
  const health = Health.parse(JSON.parse(text));
  expect(status).toBe(200);
  expect(health).toMatchObject({
    protocol: PROTOCOL_VERSION,
    clis: { scripted: '1.2.3', absent: null },
    running: 0,
    maxRunning: 32,
  });
  expect(health.freeDiskBytes).toBeGreaterThan(0);
});

const REFUSED = [
  { title: 'an unknown provider', changes: { provider: 'gpt' }, code: 'unknown_provider' },
  { title: 'a provider named like a method of every object', changes: { provider: 'toString' }, code: 'unknown_provider' },
  { title: 'a provider whose CLI is missing', changes: { provider: 'absent' }, code: 'cli_missing' },
  { title: 'a protocol two versions up', changes: { protocol: PROTOCOL_VERSION + 2 }, code: 'protocol_mismatch' },
  {
    title: 'an unknown option',
    changes: { options: { color: 'red' } },
    code: 'bad_request',
    says: 'Unknown options of scripted: color.',
  },
  { title: 'an option out of bounds', changes: { options: { note: 'far too long' } }, code: 'bad_request', says: 'Option note' },
  {
    title: 'options that conflict',
    changes: { options: { loud: true, quiet: true } },
    code: 'bad_request',
    says: 'cannot be combined',
  },
  { title: 'an account that leaves its directory', changes: { account: '../other' }, code: 'bad_request', says: 'account' },
  { title: 'a workspace that leaves its directory', changes: { workspace: '..' }, code: 'bad_request', says: 'workspace' },
  {
    title: 'a session id that leaves its directory',
    changes: { session: { mode: 'new' as const, id: '../../x' } },
    code: 'bad_request',
    says: 'session.id',
  },
  { title: 'an unknown session', changes: { session: { mode: 'resume' as const, id: randomUUID() } }, code: 'session_not_found' },
  {
    title: 'a command that cannot be built',
    changes: { options: { broken: true }, workspace: 'w', account: 'new' },
    code: 'internal',
  },
  {
    title: 'a command whose files cannot be written',
    changes: { options: { unwritable: true }, workspace: 'w', account: 'new' },
    code: 'internal',
  },
];

test.for(REFUSED)('PUT /runs/ID refuses $title and leaves nothing behind', async ({ changes, code, says = '' }) => {
  const before = await everything(executor);
  const { id, ...reply } = await executor.put(requestOf([], changes));
  expect(refusalOf(reply)).toMatchObject({ code, message: expect.stringContaining(says) });
  expect(await everything(executor)).toEqual(before);
  expect(refusalOf(await executor.call('GET', `/runs/${id}/events`)).code).toBe('run_not_found');
});

test.for(['..', '%2e%2e', 'a%2Fb', '.hidden', 'x'.repeat(65), 'ä'])('PUT /runs/ID refuses the id %s', async (id) => {
  const head = `PUT /runs/${id} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n`;
  const body = JSON.stringify(requestOf([]));
  expect(refusalOf(await sendRaw(executor, `${head}content-length: ${body.length}\r\n\r\n${body}`)).code).toBe('bad_request');
});

test('PUT /runs/ID starts a run once, however often its request is sent and in any order of keys', async () => {
  const request = requestOf([{ write: 'once\n' }]);
  const reversed = Object.fromEntries(Object.entries(request).reverse());
  const id = randomUUID();
  const replies = await Promise.all([executor.put(request, id), executor.put(request, id)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 201]);
  expect(await executor.call('PUT', `/runs/${id}`, reversed)).toMatchObject({ status: 200 });
  expect(textOf(await executor.readUntil(id, isExit))).toBe('once\n');
  expect(await executor.put(request, id)).toMatchObject({ status: 200 });
});

test('PUT /runs/ID refuses another request with the same id', async () => {
  const request = requestOf([]);
  const { id } = await executor.put(request);
  expect(refusalOf(await executor.put({ ...request, prompt: '[{"exit":1}]' }, id)).code).toBe('run_conflict');
});

test.for([PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1])('PUT /runs/ID accepts protocol %i', async (protocol) => {
  expect(await executor.put(requestOf([], { protocol }))).toMatchObject({ status: 201 });
});

test('PUT /runs/ID refuses a run above the limit until another has ended', async () => {
  const small = await startExecutorHere({ EXECUTOR_MAX_RUNNING: '1' });
  const { id } = await small.put(requestOf([{ stay: true }]));
  expect(refusalOf(await small.put(requestOf([]))).code).toBe('at_capacity');
  await small.call('DELETE', `/runs/${id}`);
  await small.readUntil(id, isExit);
  expect(await small.put(requestOf([]))).toMatchObject({ status: 201 });
});

test('PUT /runs/ID gives a scarce slot to the account with fewer runs', async () => {
  const small = await startExecutorHere({ EXECUTOR_MAX_RUNNING: '2' });
  const of = (account: string) => requestOf([{ stay: true }], { account });
  const [{ id }] = await Promise.all([small.put(of('busy')), small.put(of('busy'))]);
  expect(refusalOf(await small.put(of('few'))).code).toBe('at_capacity');
  await small.call('DELETE', `/runs/${id}`);
  await small.readUntil(id, isExit);
  expect(refusalOf(await small.put(of('busy'))).code).toBe('at_capacity');
  expect(await small.put(of('few'))).toMatchObject({ status: 201 });
});

test('PUT /runs/ID refuses a request for another state directory', async () => {
  const { state } = Health.parse(JSON.parse((await executor.call('GET', '/health')).text));
  const id = randomUUID();
  expect(refusalOf(await executor.call('PUT', `/runs/${id}?state=another`, requestOf([]))).code).toBe('state_changed');
  expect(await executor.call('PUT', `/runs/${id}?state=${state}`, requestOf([]))).toMatchObject({ status: 201 });
});

test('PUT /runs/ID refuses a run that was canceled before it started', async () => {
  const id = randomUUID();
  expect(await executor.call('DELETE', `/runs/${id}`)).toEqual({ status: 202, text: '{"over":true}' });
  expect(refusalOf(await executor.put(requestOf([]), id)).code).toBe('run_conflict');
  expect(refusalOf(await executor.call('GET', `/runs/${id}/events?after=7`)).code).toBe('run_not_found');
});

test('PUT /runs/ID refuses a run when the disk is nearly full', async () => {
  const full = await startExecutorHere({ EXECUTOR_MIN_FREE_DISK_BYTES: '999999999999999' });
  expect(refusalOf(await full.put(requestOf([]))).code).toBe('disk_full');
});

const tooMuch = RUN_REQUEST_MAX_BYTES + 1;
test.for([
  { title: 'a length above the limit', raw: `content-length: ${tooMuch}\r\n\r\n{`, code: 'too_large' },
  {
    title: 'chunks above the limit',
    raw: `transfer-encoding: chunked\r\n\r\n${tooMuch.toString(16)}\r\n${' '.repeat(tooMuch)}\r\n0\r\n\r\n`,
    code: 'too_large',
  },
  { title: 'invalid JSON', raw: 'content-length: 1\r\n\r\n{', code: 'bad_request' },
  { title: 'JSON of another shape', raw: 'content-length: 4\r\n\r\nnull', code: 'bad_request' },
  { title: 'a malformed header', raw: 'no colon\r\n\r\n', code: 'bad_request' },
])('PUT /runs/ID refuses a body with $title', async ({ raw, code }) => {
  const head = `PUT /runs/raw HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n`;
  expect(refusalOf(await sendRaw(executor, head + raw)).code).toBe(code);
});

test('invalid HTTP and unknown routes are refused', async () => {
  expect(refusalOf(await sendRaw(executor, 'hello\r\n\r\n')).code).toBe('bad_request');
  expect(refusalOf(await executor.call('POST', '/runs/a', {})).code).toBe('bad_request');
  expect((await executor.call('GET', '/health')).status).toBe(200);
});

test('GET /runs/ID/events answers a waiting reader with the next event', async () => {
  const { id } = await executor.put(
    requestOf([{ on: { signal: 'SIGTERM', steps: [{ exit: 0 }] } }, { write: 'ready\n' }, { stay: true }]),
  );
  const read = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  const waiting = executor.page(id, `after=${read.length}&wait=25000`);
  await executor.call('DELETE', `/runs/${id}`);
  expect((await waiting)[0]).toMatchObject({ seq: read.length + 1 });
  await executor.readUntil(id, isExit, read.length);
});

test('GET /runs/ID/events answers an empty page if no event arrives in time', async () => {
  const { id } = await executor.put(requestOf([{ write: 'ready\n' }, { stay: true }]));
  const read = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  expect(await executor.page(id, `after=${read.length}&wait=20`)).toEqual([]);
  await executor.call('DELETE', `/runs/${id}`);
});

test('GET /runs/ID/events keeps events until they are acknowledged, and the id of the run afterwards', async () => {
  const events = await executor.play(requestOf([{ write: 'a\nb\n' }]));
  const request = requestOf([{ write: 'a\nb\n' }]);
  const { id } = await executor.put(request);
  await executor.readUntil(id, isExit);
  expect(await executor.page(id, 'limit=2')).toHaveLength(2);
  expect(await executor.page(id, `after=${events.length}`)).toEqual([]);
  expect(await readdir(join(executor.state, 'runs', id))).toEqual(['run.json']);
  expect(await executor.page(id, `after=${events.length}&wait=25000`)).toEqual([]);
  expect(refusalOf(await executor.call('GET', `/runs/${id}/events`)).code).toBe('events_gone');
  expect(await executor.put(request, id)).toMatchObject({ status: 200 });
  expect(await executor.call('DELETE', `/runs/${id}`)).toEqual({ status: 202, text: '{"over":true}' });
});

test('GET /runs/ID/events removes what a reader has acknowledged while the run goes on', async () => {
  const steps = [{ flood: { text: `${'x'.repeat(99_999)}\n`, times: 30 } }, { write: 'ready\n' }, { stay: true }];
  const { id } = await executor.put(requestOf(steps, { limits: { ...LIMITS, outputCapBytes: 10_000_000 } }));
  const events = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  await executor.page(id, `after=${events.length}`);
  expect(refusalOf(await executor.call('GET', `/runs/${id}/events`)).code).toBe('events_gone');
  await executor.call('DELETE', `/runs/${id}`);
});

test.for(['after=-1', 'after=x', 'after=', 'after=1e3', 'limit=0', 'wait=1.5', 'after=999'])(
  'GET /runs/ID/events refuses the query %s',
  async (query) => {
    const { id } = await executor.put(requestOf([]));
    expect(refusalOf(await executor.call('GET', `/runs/${id}/events?${query}`)).code).toBe('bad_request');
  },
);

test('GET /runs/ID/events refuses an unknown run', async () => {
  expect(refusalOf(await executor.call('GET', '/runs/unknown/events')).code).toBe('run_not_found');
});
