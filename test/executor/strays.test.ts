import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Health } from '../../container/protocol.ts';
import { exitOf, isExit, isRunning, LIMITS, requestOf, startExecutor, strayTag, temporaryDirectory } from './executor.ts';

/** Long enough for a process to start on a busy machine, in ms. */
const SOON_MS = 10_000;

type Executor = Awaited<ReturnType<typeof startExecutor>>;

const STRAYS = ['session', 'daemon'];
const CONTAINMENTS = ['auto', 'scan'];
/** Both kinds of containment; `auto` is a namespace if the machine allows it. */
const CASES = CONTAINMENTS.flatMap((containment) => STRAYS.map((kind) => ({ containment, kind })));

const executors = new Map<string, Executor>();
beforeAll(async () => {
  for (const containment of CONTAINMENTS) executors.set(containment, await startExecutor({ EXECUTOR_CONTAINMENT: containment }));
});

const executorWith = (containment: string) => executors.get(containment) ?? expect.fail(containment);

/** Starts a run that has left a stray process behind and reports it. */
async function strayed(executor: Executor, kind: string) {
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
    const { containment: inForce }: Health = JSON.parse((await executor.call('GET', '/health')).text);
    const { tag } = await strayed(executor, kind);
    await vi.waitFor(() => expect(isRunning(tag)).toBe(true), SOON_MS);
    await executor.kill('SIGKILL');
    if (inForce === 'namespace') await vi.waitFor(() => expect(isRunning(tag)).toBe(false), SOON_MS);
    else await startExecutor({ EXECUTOR_CONTAINMENT: containment, EXECUTOR_STATE: executor.state });
    expect(isRunning(tag)).toBe(false);
  },
);

test('nothing of a run survives its end without util-linux: processes are found by their environment', async () => {
  const bin = await temporaryDirectory();
  for (const program of ['env', 'setsid', 'sleep', 'true'])
    await symlink(execFileSync('which', [program], { encoding: 'utf8' }).trim(), join(bin, program));
  await symlink(process.execPath, join(bin, 'node'));
  const executor = await startExecutor({ PATH: bin });
  await cancelStrayed(executor, 'session');
});

test('nothing of a run survives a cancel before its CLI has started', async () => {
  const executor = executorWith('auto');
  const tag = strayTag();
  const steps = [{ ignore: 'SIGTERM' }, { stray: { kind: 'daemon', tag } }, { stay: true }];
  const { id } = await executor.put(requestOf(steps, { limits: { ...LIMITS, cancelGraceMs: 200 } }));
  await executor.call('DELETE', `/runs/${id}`);
  expect(exitOf(await executor.readUntil(id, isExit)).cause).toBe('cancel');
  expect(isRunning(tag)).toBe(false);
});
