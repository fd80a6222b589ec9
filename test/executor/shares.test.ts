import { expect, test } from 'vitest';
import { exitOf, isExit, requestOf, type Step, startExecutor, textOf, usableKinds } from './executor.ts';

const MB = 1_048_576;
const LIMITS = {
  EXECUTOR_RUN_PROCESSES: '60',
  EXECUTOR_RUN_MEMORY_BYTES: String(400 * MB),
  EXECUTOR_RUN_DISK_BYTES: String(40 * MB),
};

const BOMBS: { what: string; step: Step; exit: object }[] = [
  { what: 'forks without end', step: { shell: 'f() { sleep 100 & f; }; f' }, exit: { cause: 'process_limit', limit: 60 } },
  {
    what: 'allocates all memory',
    step: { shell: `node -e 'const all = []; for (;;) all.push(Buffer.alloc(${32 * MB}, 1))'` },
    exit: { cause: 'out_of_memory', limit: 400 * MB },
  },
  {
    what: 'fills its scratch directory',
    step: { shell: 'while :; do head -c 4000000 /dev/zero >> $TMPDIR/big; sleep 0.02; done' },
    exit: { cause: 'disk_full', limit: 40 * MB },
  },
  {
    what: 'fills its workspace',
    step: { shell: 'while :; do head -c 4000000 /dev/zero >> big; sleep 0.02; done' },
    exit: { cause: 'disk_full', limit: 40 * MB },
  },
];

const kinds = await usableKinds(['bwrap', 'uid', 'none']);
const CASES = kinds.flatMap((kind) => BOMBS.map((bomb) => ({ kind, ...bomb })));

test.for(CASES)(
  'a run in $kind that $what is ended with that reason, and another one continues',
  async ({ kind, step, exit }) => {
    const executor = await startExecutor({ ...LIMITS, EXECUTOR_CONTAINMENT: kind });
    const other = await executor.put(requestOf([{ repeat: { steps: [{ write: 'still here\n' }], everyMs: 50, times: 1_000 } }]));
    const bomb = await executor.put(requestOf([step]));
    const events = await executor.readUntil(bomb.id, isExit);
    expect(exitOf(events)).toMatchObject(exit);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'stopping', ...exit }));
    const last = (await executor.page(other.id, 'limit=1000')).at(-1)?.seq ?? 0;
    expect(textOf(await executor.page(other.id, `after=${last}&wait=5000`))).toContain('still here');
    expect(await executor.call('GET', '/health')).toMatchObject({ status: 200 });
  },
);

test('a Worker of protocol 2, which does not know these causes, is told in words', async () => {
  const executor = await startExecutor(LIMITS);
  const bomb = requestOf([{ shell: 'f() { sleep 100 & f; }; f' }], { protocol: 2 });
  const events = await executor.play(bomb);
  const exit = { cause: 'executor_lost', detail: 'The run was ended as process_limit, limit 60.' };
  expect(exitOf(events)).toMatchObject(exit);
});

test('the run that added most is ended when the disk is nearly full', async () => {
  const executor = await startExecutor({ EXECUTOR_MIN_FREE_DISK_BYTES: '0' });
  const { freeDiskBytes } = JSON.parse((await executor.call('GET', '/health')).text);
  await executor.kill('SIGTERM');
  // A minimum that the machine falls below as soon as the run writes.
  const nearly = await startExecutor({ EXECUTOR_MIN_FREE_DISK_BYTES: String(freeDiskBytes - 200 * MB) });
  const quiet = await nearly.put(requestOf([{ write: 'x\n' }, { stay: true }]));
  const events = await nearly.play(requestOf([{ shell: 'while :; do head -c 16000000 /dev/zero >> big; sleep 0.02; done' }]));
  expect(exitOf(events)).toMatchObject({ cause: 'disk_full', disk: { freeBytes: expect.any(Number) } });
  await nearly.call('DELETE', `/runs/${quiet.id}`);
  expect(exitOf(await nearly.readUntil(quiet.id, isExit)).cause).toBe('cancel');
});
