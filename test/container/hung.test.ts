import { expect, test, vi } from 'vitest';
import { useSite } from './helpers/site.ts';

const IDLE_MS = 10_000;
/** Longer than the idle time of a container and the limits of its health check. */
const GONE = { timeout: 90_000, interval: 500 };

const { ask, boxes, onlyBox } = useSite(() => ({ CONTAINER_IDLE_MS: String(IDLE_MS) }));

/** Runs a job, then stops every process of its container except tini, which ignores signals from inside. */
async function hangAfterJob(prompt: string) {
  expect(await ask('grok', { prompt })).toMatchObject({ ok: true });
  const { id, run } = onlyBox();
  run('sh', '-c', 'kill -STOP -1');
  return id;
}

test('a container with an unresponsive executor is replaced by the next job', async () => {
  const id = await hangAfterJob('first');
  expect(await ask('grok', { prompt: 'second' })).toMatchObject({ ok: true });
  expect(onlyBox().id).not.toBe(id);
});

test('a container with an unresponsive executor is destroyed once it is idle', async () => {
  await hangAfterJob('third');
  await vi.waitFor(() => expect(boxes()).toEqual([]), GONE);
});
