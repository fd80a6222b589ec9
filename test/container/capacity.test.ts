import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { openEngineProxy } from './helpers/full-engine.ts';
import { useSite } from './helpers/site.ts';

const QUEUE_MS = 10_000;

const WAITING = 'waiting for an executor: Its container could not be started';

const directory = mkdtempSync(join(tmpdir(), 'engine-'));
const engine = await openEngineProxy(join(directory, 'docker.sock'));
process.env.WRANGLER_DOCKER_HOST = engine.url;
afterAll(async () => {
  // The gateway removes its containers through this engine after it has ended.
  const left = () => [...engine.made].filter((name) => docker('inspect', name) !== null);
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 30_000, interval: 200 });
  engine.close();
  rmSync(directory, { recursive: true });
});

const { call, ended, boxes } = useSite(() => ({ QUEUE_TIMEOUT_MS: String(QUEUE_MS) }));

/** Starts a job while no container can be created, and waits until the job reports that. */
async function startWithoutRoom(workspace: string): Promise<string> {
  engine.isFull = true;
  const { job } = await call('grok_request_async', { workspace, prompt: 'hi', forceRefresh: true });
  const jobId = job?.id ?? '';
  await vi.waitFor(async () => {
    const { job: now } = await call('llm_job_status', { jobId });
    expect(now).toMatchObject({ state: 'queued', activity: expect.stringMatching(`^${WAITING}`) });
  }, QUEUE_MS);
  return jobId;
}

test('a job without a container stays queued, reports what it waits for, and runs once there is room', async () => {
  const jobId = await startWithoutRoom('waits');
  expect(boxes()).toEqual([]);
  expect(engine.refused).not.toEqual([]);
  engine.isFull = false;
  expect(await ended(jobId)).toMatchObject({ state: 'completed' });
  expect(boxes()).toHaveLength(1);
});

test('a job that waits too long for a container fails with a queue timeout that names the reason', async () => {
  const job = await ended(await startWithoutRoom('in-vain'));
  expect(job).toMatchObject({ state: 'failed', reason: 'queue_timeout', error: { retryable: true } });
  expect(job.startedAt).toBeUndefined();
  expect(job.error?.message).toContain(
    `The job timed out after ${QUEUE_MS / 1_000} s in the queue; nothing was run. It was ${WAITING}`,
  );
});

test('a job that waits for a container can be canceled', async () => {
  const jobId = await startWithoutRoom('canceled');
  expect((await call('llm_job_cancel', { jobId })).job).toMatchObject({ state: 'canceled' });
});
