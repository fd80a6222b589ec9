import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { standBefore } from './helpers/full-engine.ts';
import { useSite } from './helpers/site.ts';

const QUEUE_MS = 10_000;

const WAITING = 'waiting for an executor: Its container could not be started';

const directory = mkdtempSync(join(tmpdir(), 'engine-'));
const engine = await standBefore(join(directory, 'docker.sock'));
process.env.WRANGLER_DOCKER_HOST = engine.url;
afterAll(async () => {
  // The gateway removes its containers through this engine, after its end.
  const left = () => [...engine.made].filter((name) => docker('inspect', name) !== null);
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 30_000, interval: 200 });
  engine.close();
  rmSync(directory, { recursive: true });
});

const { call, ended, boxes } = useSite(() => ({ QUEUE_TIMEOUT_MS: String(QUEUE_MS) }));

/** Starts a job for which there is no container. Waits until it says so. */
async function startInVain(workspace: string): Promise<string> {
  engine.isFull = true;
  const { job } = await call('grok_request_async', { workspace, prompt: 'hi', forceRefresh: true });
  const jobId = job?.id ?? '';
  await vi.waitFor(async () => {
    const { job: now } = await call('llm_job_status', { jobId });
    expect(now).toMatchObject({ state: 'queued', activity: expect.stringMatching(`^${WAITING}`) });
  }, QUEUE_MS);
  return jobId;
}

test('a job for which no container can be started stays queued, says what it waits for, and runs once there is room', async () => {
  const jobId = await startInVain('waits');
  expect(boxes()).toEqual([]);
  expect(engine.refused).not.toEqual([]);
  engine.isFull = false;
  expect(await ended(jobId)).toMatchObject({ state: 'completed' });
  expect(boxes()).toHaveLength(1);
});

test('a job that waited for its container for too long fails as one that waited for its turn, and says so', async () => {
  const job = await ended(await startInVain('in-vain'));
  expect(job).toMatchObject({ state: 'failed', reason: 'queue_timeout', error: { retryable: true } });
  expect(job.startedAt).toBeUndefined();
  expect(job.error?.message).toContain(
    `The job timed out after ${QUEUE_MS / 1_000} s in the queue; nothing was run. It was ${WAITING}`,
  );
});

test('a job that waits for its container can be canceled', async () => {
  const jobId = await startInVain('canceled');
  expect((await call('llm_job_cancel', { jobId })).job).toMatchObject({ state: 'canceled' });
});
