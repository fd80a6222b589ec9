import { expect, test } from 'vitest';
import { ended, jobOf, specOf, submit } from './jobs.ts';

test('a job that is told that its executor is gone is orphaned at once, with the reason', async () => {
  const spec = specOf([{ stay: true }]);
  await submit(spec);
  expect(await jobOf(spec).wait(0, 1, 10_000)).toMatchObject({ value: { job: { state: 'running' } } });
  await jobOf(spec).executorGone('The container stopped while the job ran (exit code 137).');
  expect(await ended(spec)).toMatchObject({
    state: 'orphaned',
    reason: 'executor_lost',
    error: { retryable: true, message: expect.stringContaining('exit code 137') },
  });
});

test('a job that is over does not hear it, nor one that never was', async () => {
  const spec = specOf([{ exit: 3 }]);
  await submit(spec);
  const { state, reason } = await ended(spec);
  await jobOf(spec).executorGone('late');
  expect(await ended(spec)).toMatchObject({ state, reason });
  await jobOf(specOf([])).executorGone('nobody');
});
