import { expect, test } from 'vitest';
import { ended, jobOf, specOf, submit } from './helpers/jobs.ts';

test('a running job whose executor is gone is orphaned at once, with the reason', async () => {
  const spec = specOf([{ stay: true }]);
  await submit(spec);
  expect(await jobOf(spec).wait(0, 1, 10_000)).toMatchObject({ value: { job: { state: 'running' } } });
  await jobOf(spec).orphan('The container stopped while the job ran (exit code 137).');
  expect(await ended(spec)).toMatchObject({
    state: 'orphaned',
    reason: 'executor_lost',
    error: { retryable: true, message: expect.stringContaining('exit code 137') },
  });
});

test('a job that is over stays as it is, and one that was never created is not created', async () => {
  const spec = specOf([{ exit: 3 }]);
  await submit(spec);
  const { state, reason } = await ended(spec);
  await jobOf(spec).orphan('late');
  expect(await ended(spec)).toMatchObject({ state, reason });
  const missing = specOf([]);
  await jobOf(missing).orphan('never created');
  expect(await jobOf(missing).status(0, 1)).toBeNull();
});
