import { afterAll, expect, test } from 'vitest';
import { openMemoryGroup } from '../helpers/memory-group.ts';
import { exitOf, isExit, requestOf, startExecutor } from './executor.ts';

const LIMIT_BYTES = 314_572_800;

const group = openMemoryGroup(LIMIT_BYTES);
afterAll(() => group?.remove());

test.skipIf(group === undefined)('a CLI that the kernel kills for lack of memory leaves the figures in its exit', async () => {
  const executor = await startExecutor();
  group?.add(executor.pid);
  const { id } = await executor.put(requestOf([{ write: 'ready\n' }, { hoard: true }]));
  const { signal, cause, memory } = exitOf(await executor.readUntil(id, isExit));
  expect({ signal, cause }).toEqual({ signal: 'SIGKILL', cause: 'exit' });
  expect(memory).toMatchObject({ oomKills: expect.any(Number), limitBytes: LIMIT_BYTES });
  expect(memory?.oomKills).toBeGreaterThan(0);
  expect(memory?.peakBytes).toBeGreaterThan(LIMIT_BYTES / 2);
  await executor.kill('SIGTERM');
});

test('a CLI that is killed with memory to spare has no kill in its figures', async () => {
  const executor = await startExecutor();
  const { id } = await executor.put(requestOf([{ die: 'SIGKILL' }, { stay: true }]));
  expect(exitOf(await executor.readUntil(id, isExit))).toMatchObject({ signal: 'SIGKILL', memory: { oomKills: 0 } });
});

test('a CLI that the executor kills has no figures of memory', async () => {
  const executor = await startExecutor();
  const limits = { ...requestOf([]).limits, cancelGraceMs: 50 };
  const { id } = await executor.put(requestOf([{ ignore: 'SIGTERM' }, { write: 'ready\n' }, { stay: true }], { limits }));
  await executor.readUntil(id, ({ line }) => line?.text === 'ready');
  await executor.call('DELETE', `/runs/${id}`);
  const exit = exitOf(await executor.readUntil(id, isExit));
  expect(exit).toMatchObject({ cause: 'cancel', signal: 'SIGKILL' });
  expect(exit.memory).toBeUndefined();
});
