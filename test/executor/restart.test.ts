import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Health } from '../../container/protocol.ts';
import {
  environmentOf,
  exitOf,
  isExit,
  LIMITS,
  refusalOf,
  requestOf,
  spawnExecutor,
  startExecutor,
  temporaryDirectory,
  textOf,
} from './executor.ts';

test('a restarted executor ends the runs of a killed one and keeps their output', async () => {
  const first = await startExecutor();
  const ended = requestOf([{ write: 'done\n' }]);
  const lost = requestOf([{ write: 'said\n' }, { stay: true }], { options: { noSessionPersistence: true }, account: 'lost' });
  await first.put(ended, 'ended');
  await first.put(lost, 'lost');
  await first.readUntil('ended', isExit);
  await first.readUntil('lost', ({ line }) => line?.text === 'said');
  await first.kill('SIGKILL');

  const second = await startExecutor({ EXECUTOR_STATE: first.state });
  const events = await second.readUntil('lost', isExit);
  expect(textOf(events)).toBe('said\n');
  expect(exitOf(events)).toMatchObject({ cause: 'executor_lost', seq: events.length });
  expect(exitOf(await second.readUntil('ended', isExit)).cause).toBe('exit');
  expect(await second.put(lost, 'lost')).toMatchObject({ status: 200 });
  expect(await second.call('DELETE', '/runs/lost')).toEqual({ status: 202, text: '{"over":true}' });
  expect((await readdir(join(second.state, 'runs/lost'))).sort()).toEqual(['run.json', 'spool']);
  expect(await readdir(join(second.state, 'accounts/lost/sessions/scripted'))).toEqual([]);
});

test('a restarted executor knows a run that was acknowledged completely', async () => {
  const first = await startExecutor();
  const request = requestOf([]);
  await first.put(request, 'read');
  const events = await first.readUntil('read', isExit);
  await first.page('read', `after=${events.length}`);
  await first.kill('SIGTERM');
  const second = await startExecutor({ EXECUTOR_STATE: first.state });
  expect(refusalOf(await second.call('GET', '/runs/read/events')).code).toBe('events_gone');
  expect(await second.put(request, 'read')).toMatchObject({ status: 200 });
});

test('an executor keeps its state id over a restart, and has another one in a new directory', async () => {
  const stateOf = async ({ call }: Pick<Awaited<ReturnType<typeof startExecutor>>, 'call'>) =>
    Health.parse(JSON.parse((await call('GET', '/health')).text)).state;
  const first = await startExecutor();
  const known = await stateOf(first);
  await first.kill('SIGKILL');
  expect(await stateOf(await startExecutor({ EXECUTOR_STATE: first.state }))).toBe(known);
  expect(await stateOf(await startExecutor())).not.toBe(known);
});

test('a restarted executor forgets a run that never started, so that its request can be sent again', async () => {
  const first = await startExecutor();
  const request = requestOf([{ write: 'once\n' }]);
  const { id } = await first.put(request);
  await first.readUntil(id, isExit);
  await first.kill('SIGKILL');
  const path = join(first.state, 'runs', id, 'run.json');
  const session = join(first.state, 'accounts/acme/sessions/scripted', 'id' in request.session ? request.session.id : '');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), preparing: { madeSession: session } }));
  const second = await startExecutor({ EXECUTOR_STATE: first.state });
  expect(await second.put(request, id)).toMatchObject({ status: 201 });
  expect(exitOf(await second.readUntil(id, isExit)).cause).toBe('exit');
});

test('a restarted executor still refuses a run that was canceled before it started', async () => {
  const first = await startExecutor();
  await first.call('DELETE', '/runs/never');
  await first.kill('SIGKILL');
  const second = await startExecutor({ EXECUTOR_STATE: first.state });
  expect(refusalOf(await second.put(requestOf([]), 'never')).code).toBe('run_conflict');
});

test('an executor stores neither the prompt nor the token of a request', async () => {
  const executor = await startExecutor();
  await executor.put(requestOf([{ write: 'x\n' }]), 'secret');
  await executor.readUntil('secret', isExit);
  const entries = await readdir(executor.state, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const stored = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  expect(stored.filter((text) => text.includes('sessionId')).length).toBeGreaterThan(0);
  expect(stored.filter((text) => text.includes('a-made-up-run-token') || text.includes('write'))).toEqual([]);
});

test('SIGTERM ends runs with cause shutdown, answers waiting readers and exits with 0', async () => {
  const executor = await startExecutor();
  const polite = { signal: 'SIGTERM', steps: [{ write: 'bye\n' }, { exit: 0 }] };
  const { id } = await executor.put(requestOf([{ on: polite }, { write: 'ready\n' }, { stay: true }]));
  const read = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  const waiting = executor.page(id, `after=${read.length}&wait=25000`);
  expect(await executor.kill('SIGTERM')).toBe(0);
  expect((await waiting).length).toBeGreaterThan(0);
  const next = await startExecutor({ EXECUTOR_STATE: executor.state });
  const events = await next.readUntil(id, isExit);
  expect(textOf(events)).toBe('ready\nbye\n');
  expect(exitOf(events)).toMatchObject({ cause: 'shutdown', code: 0 });
});

test('SIGTERM gives readers time to read the end', async () => {
  const executor = await startExecutor();
  const polite = { signal: 'SIGTERM', steps: [{ write: 'bye\n' }, { exit: 0 }] };
  const { id } = await executor.put(requestOf([{ on: polite }, { write: 'ready\n' }, { stay: true }]));
  const read = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  const over = executor.kill('SIGTERM');
  const rest = await executor.readUntil(id, isExit, read.length);
  expect(textOf(rest)).toBe('bye\n');
  expect(await executor.page(id, `after=${exitOf(rest).seq}`)).toEqual([]);
  expect(await over).toBe(0);
});

test('new runs are refused after SIGTERM', async () => {
  const executor = await startExecutor();
  const slow = requestOf([{ ignore: 'SIGTERM' }, { write: 'ready\n' }, { stay: true }], {
    limits: { ...LIMITS, cancelGraceMs: 600 },
  });
  const { id } = await executor.put(slow);
  const read = await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  const over = executor.kill('SIGTERM');
  await executor.readUntil(id, ({ kind }) => kind === 'stopping', read.length);
  expect(refusalOf(await executor.put(requestOf([]))).code).toBe('shutting_down');
  expect(await executor.put(slow, id)).toMatchObject({ status: 200 });
  expect(await over).toBe(0);
});

async function takenPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return String(typeof address === 'object' ? address?.port : '');
}

test.for([
  { title: 'without a token', changes: async () => ({ EXECUTOR_TOKEN: '' }), says: 'EXECUTOR_TOKEN' },
  {
    title: 'with an invalid number',
    changes: async () => ({ EXECUTOR_PORT: '80a' }),
    says: 'EXECUTOR_PORT: expected a whole number',
  },
  { title: 'on a port that is taken', changes: async () => ({ EXECUTOR_PORT: await takenPort() }), says: 'EADDRINUSE' },
  {
    title: 'in a directory that cannot be created',
    changes: async () => ({ EXECUTOR_STATE: join(import.meta.filename, 'state') }),
    says: 'ENOTDIR',
  },
  {
    title: 'in the state directory of another one',
    changes: async () => ({ EXECUTOR_STATE: (await startExecutor()).state }),
    says: 'Another executor',
  },
])('an executor does not start $title, and reports why in one line', async ({ changes, says }) => {
  const { ended, stderr } = spawnExecutor(environmentOf(await temporaryDirectory(), await changes()));
  expect(await ended).toEqual([1, null]);
  const lines = (await stderr).split('\n').filter((line) => line.startsWith('The executor cannot start.'));
  expect(lines).toEqual([expect.stringContaining(says)]);
  expect(await stderr).not.toContain('    at ');
});
