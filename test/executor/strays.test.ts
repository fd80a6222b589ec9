import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, test, vi } from 'vitest';
import { killTagged, newProcessTag } from '../../container/containment/end.ts';
import { TAG_VARIABLE } from '../../container/containment/processes.ts';
import {
  exitOf,
  isExit,
  isRunning,
  LIMITS,
  requestOf,
  startExecutor,
  startExecutorHere,
  strayTag,
  usableKinds,
} from './executor.ts';

/** Long enough for a process to start on a busy machine, in ms. */
const SOON_MS = 10_000;

type Executor = Awaited<ReturnType<typeof startExecutorHere>>;

/** Ways to confine runs that work here, and the processes that each of them finds. */
const CONTAINMENTS = [
  { kind: 'bwrap', finds: ['session', 'daemon'] },
  { kind: 'unshare', finds: ['session', 'daemon'] },
  { kind: 'uid', finds: ['session', 'daemon'] },
  // A daemon drops the variable by which it would be found.
  { kind: 'none', finds: ['session'] },
] as const;
const usable = await usableKinds(CONTAINMENTS.map(({ kind }) => kind));
const CASES = CONTAINMENTS.filter(({ kind }) => usable.includes(kind)).flatMap(({ kind: containment, finds }) =>
  finds.map((kind) => ({ containment, kind })),
);

const executors = new Map<string, Executor>();
beforeAll(async () => {
  for (const containment of usable) executors.set(containment, await startExecutorHere({ EXECUTOR_CONTAINMENT: containment }));
});

const executorWith = (containment: string) => executors.get(containment) ?? expect.fail(containment);

/** Starts a run that has left a stray process behind and reports it. */
async function strayed(executor: Pick<Executor, 'put' | 'readUntil'>, kind: string) {
  const tag = strayTag();
  const { id } = await executor.put(requestOf([{ stray: { kind, tag } }, { write: 'strayed\n' }, { stay: true }]));
  const events = await executor.readUntil(id, ({ line }) => line?.text === 'strayed');
  return { id, tag, after: events.length };
}

async function cancelStrayed(executor: Executor, kind: string): Promise<void> {
  const { id, tag, after } = await strayed(executor, kind);
  await vi.waitFor(() => expect(isRunning(tag)).toBe(true), SOON_MS);
  await executor.call('DELETE', `/runs/${id}`);
  expect(exitOf(await executor.readUntil(id, isExit, after)).cause).toBe('cancel');
  expect(isRunning(tag)).toBe(false);
}

test.for(CASES)(
  'nothing of a run survives its normal end: a $kind process in $containment containment',
  async ({ containment, kind }) => {
    const executor = executorWith(containment);
    const tag = strayTag();
    const events = await executor.play(requestOf([{ stray: { kind, tag } }, { exit: 0 }]));
    expect(exitOf(events)).toMatchObject({ cause: 'exit', code: 0 });
    expect(isRunning(tag)).toBe(false);
  },
);

test.for(CASES)(
  'nothing of a run survives a cancel: a $kind process in $containment containment',
  async ({ containment, kind }) => {
    const executor = executorWith(containment);
    await cancelStrayed(executor, kind);
  },
);

test.for(CASES)(
  'nothing of a run survives SIGKILL of the executor and its next start: a $kind process in $containment containment',
  async ({ containment, kind }) => {
    const executor = await startExecutor({ EXECUTOR_CONTAINMENT: containment });
    const { tag } = await strayed(executor, kind);
    await vi.waitFor(() => expect(isRunning(tag)).toBe(true), SOON_MS);
    await executor.kill('SIGKILL');
    if (containment === 'bwrap' || containment === 'unshare') await vi.waitFor(() => expect(isRunning(tag)).toBe(false), SOON_MS);
    else await startExecutor({ EXECUTOR_CONTAINMENT: containment, EXECUTOR_STATE: executor.state });
    expect(isRunning(tag)).toBe(false);
  },
);

test('nothing of a run survives a cancel before its CLI has started', async () => {
  const executor = executorWith(usable[0] ?? '');
  const tag = strayTag();
  const steps = [{ ignore: 'SIGTERM' }, { stray: { kind: 'daemon', tag } }, { stay: true }];
  const { id } = await executor.put(requestOf(steps, { limits: { ...LIMITS, cancelGraceMs: 200 } }));
  await executor.call('DELETE', `/runs/${id}`);
  expect(exitOf(await executor.readUntil(id, isExit)).cause).toBe('cancel');
  expect(isRunning(tag)).toBe(false);
});

test('a process that dropped its tag is found as a descendant of one that has it', async () => {
  const [processTag, stray] = [newProcessTag(), strayTag()];
  const child = `env -u ${TAG_VARIABLE} sh -c 'echo ready; exec sleep ${stray}'`;
  const parent = spawn('sh', ['-c', `${child} & wait`], { env: { ...process.env, [TAG_VARIABLE]: processTag } });
  await once(parent.stdout, 'data');
  await killTagged(processTag);
  expect(isRunning(stray)).toBe(false);
});
