import { expect, test, vi } from 'vitest';
import { useSite } from './helpers/site.ts';

const IDLE_MS = 10_000;
/** Longer than a container may be idle, and its executor silent. */
const GONE = { timeout: 90_000, interval: 500 };

const { ask, boxes, onlyBox } = useSite(() => ({ CONTAINER_IDLE_MS: String(IDLE_MS) }));

/** Holds every process of the container but tini, which no signal of its own container stops. */
async function hangAfterJob(prompt: string) {
  expect(await ask('grok', { prompt })).toMatchObject({ ok: true });
  const { id, run } = onlyBox();
  run('sh', '-c', 'kill -STOP -1');
  return id;
}

test('a container whose executor hangs is replaced by the next job', async () => {
  const id = await hangAfterJob('first');
  expect(await ask('grok', { prompt: 'second' })).toMatchObject({ ok: true });
  expect(onlyBox().id).not.toBe(id);
});

test('one that is left alone is destroyed', async () => {
  await hangAfterJob('third');
  await vi.waitFor(() => expect(boxes()).toEqual([]), GONE);
});
