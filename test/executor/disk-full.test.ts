import { execFileSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mayMount, mountSmallDisk } from '../helpers/small-disk.ts';
import { exitOf, isExit, refusalOf, requestOf, startExecutor, temporaryDirectory, textOf } from './executor.ts';

const DISK_BYTES = 24_000_000;
const unmounts: (() => void)[] = [];
afterAll(() => unmounts.forEach((unmount) => void unmount()));

/** An executor whose state is on a small disk. */
async function startOnSmallDisk(changes: Record<string, string> = {}) {
  const directory = join(await temporaryDirectory(), 'state');
  unmounts.push(mountSmallDisk(directory, DISK_BYTES));
  return startExecutor({ EXECUTOR_STATE: directory, ...changes });
}

const FILL = 'cat /dev/zero > full 2>/dev/null; true';
const LINE = `${'x'.repeat(99_999)}\n`;
/** The workspace's files stay at the end of a run. */
const inWorkspace = { workspace: 'w' };

test.skipIf(!mayMount).each([
  ['a line longer than the rest of the disk', { flood: { text: LINE, times: 20 } }, LINE.length],
  ['the last line of a CLI that exits at once', { write: 'x'.repeat(60_000) }, 60_000],
  ['lines that leave no room for the exit', { repeat: { steps: [{ write: 'x\n' }], everyMs: 2, times: 2_000 } }, 4_096],
])('a run that fills the disk ends as such with figures, and its log and exit are kept: %s', async (_what, writes, freeMax) => {
  const executor = await startOnSmallDisk();
  const events = await executor.play(requestOf([{ write: 'before\n' }, { shell: FILL }, writes], inWorkspace));
  const { cause, detail, disk } = exitOf(events);
  expect({ cause, detail }).toEqual({ cause: 'executor_lost', detail: expect.stringContaining('ENOSPC') });
  expect(disk?.freeBytes).toBeLessThan(freeMax);
  expect(disk?.neededBytes).toBeGreaterThan(0);
  expect(disk?.path).toMatch(/^runs\/[\w-]+\/spool\/\d{12}\.ndjson$/);
  expect(textOf(events)).toMatch(/^before\n/);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
});

test.skipIf(!mayMount)('a full disk refuses runs with figures, lets go of logs that were read, and recovers', async () => {
  const executor = await startOnSmallDisk();
  const { id } = await executor.put(requestOf([{ write: 'read\n' }]));
  const { length } = await executor.readUntil(id, isExit);
  execFileSync('sh', ['-c', FILL], { cwd: executor.state });
  const refused = refusalOf(await executor.put(requestOf([])));
  expect(refused).toEqual({
    code: 'disk_full',
    message: expect.stringMatching(/is full \(\d+ bytes free; \S+ could not be written\)/),
  });
  expect(refused.message).not.toContain(executor.state);
  const acknowledged = await executor.call('GET', `/runs/${id}/events?after=${length}`);
  expect(acknowledged).toEqual({ status: 200, text: '' });
  expect((await readdir(join(executor.state, 'runs'))).sort()).toEqual([id]);
  await rm(join(executor.state, 'full'));
  expect(textOf(await executor.play(requestOf([{ write: 'fine\n' }])))).toBe('fine\n');
});

test.skipIf(!mayMount)('a CLI that dies of a full disk leaves the free space in its exit', async () => {
  const executor = await startOnSmallDisk({ EXECUTOR_MIN_FREE_DISK_BYTES: '8000000' });
  const fill = { shell: 'head -c 20000000 /dev/zero > part; true' };
  const events = await executor.play(requestOf([fill, { complain: 'ENOSPC: no space left on device\n' }, { exit: 1 }]));
  expect(exitOf(events)).toMatchObject({ cause: 'exit', code: 1, disk: { freeBytes: expect.any(Number) } });
});
