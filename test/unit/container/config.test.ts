import { expect, test } from 'vitest';
import { ExecutorEnvironment, parseConfig } from '../../../container/config.ts';

const REQUIRED = { EXECUTOR_TOKEN: 'a-made-up-executor-token', EXECUTOR_STATE: '/state' };

test('without settings an executor has the documented limits of a run, of all runs and of the disk', () => {
  expect(parseConfig(REQUIRED)).toMatchObject({
    maxRunning: 32,
    minFreeDiskBytes: 512 * 1_024 ** 2,
    retentionDays: 30,
    share: { processes: 1_024, memoryBytes: 8 * 1_024 ** 3, diskBytes: 10 * 1_024 ** 3 },
  });
});

const SHARES = [
  ['EXECUTOR_RUN_PROCESSES', 'processes'],
  ['EXECUTOR_RUN_MEMORY_BYTES', 'memoryBytes'],
  ['EXECUTOR_RUN_DISK_BYTES', 'diskBytes'],
] as const;

test.each(SHARES)(
  '%s sets %s of a run, says what happens beyond it, and is refused unless it is a whole number from 1',
  (name, limit) => {
    expect(parseConfig({ ...REQUIRED, [name]: '7' }).share[limit]).toBe(7);
    expect(ExecutorEnvironment.shape[name].description).toMatch(/is ended as `\w+`\.$/);
    for (const wrong of ['0', '-1', '1.5', 'many']) expect(() => parseConfig({ ...REQUIRED, [name]: wrong })).toThrow(name);
  },
);
