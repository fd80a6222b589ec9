import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
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

describe('a restarted executor', () => {
  it('ends the runs of a killed one, with all that they had said', async () => {
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

  it('remembers a run that was acknowledged to its end', async () => {
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

  it('is the same one to its callers, and another one where its directory is new', async () => {
    const stateOf = async ({ call }: Pick<Awaited<ReturnType<typeof startExecutor>>, 'call'>) =>
      Health.parse(JSON.parse((await call('GET', '/health')).text)).state;
    const first = await startExecutor();
    const known = await stateOf(first);
    await first.kill('SIGKILL');
    expect(await stateOf(await startExecutor({ EXECUTOR_STATE: first.state }))).toBe(known);
    expect(await stateOf(await startExecutor())).not.toBe(known);
  });

  it('knows nothing of a run that was being prepared, so that it can be asked for again', async () => {
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

  it('still refuses a run that was canceled before it came', async () => {
    const first = await startExecutor();
    await first.call('DELETE', '/runs/never');
    await first.kill('SIGKILL');
    const second = await startExecutor({ EXECUTOR_STATE: first.state });
    expect(refusalOf(await second.put(requestOf([]), 'never')).code).toBe('run_conflict');
  });

  it('keeps neither prompts nor tokens of requests', async () => {
    const executor = await startExecutor();
    await executor.put(requestOf([{ write: 'x\n' }]), 'secret');
    const record = await readFile(join(executor.state, 'runs/secret/run.json'), 'utf8');
    expect(record).not.toContain('a-made-up-run-token');
    expect(record).not.toContain('write');
  });
});

describe('SIGTERM', () => {
  it('ends runs with the cause shutdown, answers waiting readers and exits with 0', async () => {
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

  it('gives readers time to read the end', async () => {
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

  it('refuses new runs while the old ones end', async () => {
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
});

describe('an executor does not start, and says why in one line,', () => {
  async function takenPort(): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    return String(typeof address === 'object' ? address?.port : '');
  }

  it.for([
    { title: 'without a token', changes: async () => ({ EXECUTOR_TOKEN: '' }), says: 'EXECUTOR_TOKEN' },
    {
      title: 'with a number that is none',
      changes: async () => ({ EXECUTOR_PORT: '80a' }),
      says: 'EXECUTOR_PORT: expected a whole number',
    },
    { title: 'on a port that is taken', changes: async () => ({ EXECUTOR_PORT: await takenPort() }), says: 'EADDRINUSE' },
    {
      title: 'in a directory that cannot be made',
      changes: async () => ({ EXECUTOR_STATE: join(import.meta.filename, 'state') }),
      says: 'ENOTDIR',
    },
    {
      title: 'beside another one',
      changes: async () => ({ EXECUTOR_STATE: (await startExecutor()).state }),
      says: 'Another executor',
    },
  ])('$title', async ({ changes, says }) => {
    const { ended, stderr } = spawnExecutor(environmentOf(await temporaryDirectory(), await changes()));
    expect(await ended).toEqual([1, null]);
    const lines = (await stderr).split('\n').filter((line) => line.startsWith('The executor cannot start.'));
    expect(lines).toEqual([expect.stringContaining(says)]);
    expect(await stderr).not.toContain('    at ');
  });
});
