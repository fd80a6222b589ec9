import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { exitOf, isExit, LIMITS, requestOf, startExecutor, textOf } from './executor.ts';

/** Longer than every limit of these runs. */
const PAUSE_MS = 2_600;
const LIMIT_MS = 1_000;

type Executor = Awaited<ReturnType<typeof startExecutor>>;

/** Stops the executor for a time. Returns when it continued, in ms since 1970. */
async function pause({ pid }: Executor): Promise<number> {
  process.kill(pid, 'SIGSTOP');
  await delay(PAUSE_MS);
  const continuedAt = Date.now();
  process.kill(pid, 'SIGCONT');
  return continuedAt;
}

test.concurrent('a CLI that wrote while the executor was stopped is not idle', async () => {
  const executor = await startExecutor();
  const steps = [{ repeat: { steps: [{ write: 'tick\n' }], everyMs: 100, times: (PAUSE_MS + 2 * LIMIT_MS) / 100 } }];
  const { id } = await executor.put(requestOf(steps, { limits: { ...LIMITS, idleTimeoutMs: LIMIT_MS } }));
  await executor.readUntil(id, ({ line }) => line?.text === 'tick');
  await pause(executor);
  const events = await executor.readUntil(id, isExit);
  expect(exitOf(events)).toMatchObject({ cause: 'exit', code: 0 });
  expect(textOf(events)).toBe('tick\n'.repeat((PAUSE_MS + 2 * LIMIT_MS) / 100));
});

test.concurrent.each([
  ['idle timeout', { idleTimeoutMs: LIMIT_MS }, 'idle_timeout', { stay: true }],
  ['run timeout', { runTimeoutMs: LIMIT_MS }, 'run_timeout', { chatter: 'here\n' }],
])('the %s does not count the time in which the executor was stopped', async (_what, limits, cause, step) => {
  const executor = await startExecutor();
  const { id } = await executor.put(requestOf([{ write: 'ready\n' }, step], { limits: { ...LIMITS, ...limits } }));
  const [{ seq: after } = { seq: 0 }] = (await executor.readUntil(id, ({ line }) => line?.text === 'ready')).slice(-1);
  const continuedAt = await pause(executor);
  const events = await executor.readUntil(id, isExit, after);
  const stopping = events.find(({ kind }) => kind === 'stopping');
  expect(stopping).toMatchObject({ cause });
  expect((stopping?.at ?? 0) - continuedAt).toBeGreaterThan(LIMIT_MS / 3);
});
