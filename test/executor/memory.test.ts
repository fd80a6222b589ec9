import { expect, test } from 'vitest';
import { Health } from '../../container/protocol.ts';
import { exitOf, isExit, LIMITS, requestOf, startExecutor } from './executor.ts';

const LINE = `${'x'.repeat(199)}\n`;
const BYTES = 50_000_000;
const GROWTH_MAX_BYTES = 150_000_000;

test('an executor needs bounded memory for a run of 50 MB, read while it is written', async () => {
  const executor = await startExecutor();
  const memoryBytes = async () => Health.parse(JSON.parse((await executor.call('GET', '/health')).text)).memoryBytes;
  await executor.play(requestOf([{ write: 'warm\n' }]));
  const idle = await memoryBytes();
  const steps = [{ flood: { text: LINE.repeat(500), times: BYTES / LINE.length / 500 } }];
  const { id } = await executor.put(requestOf(steps, { limits: { ...LIMITS, outputCapBytes: 2 * BYTES } }));
  let peak = 0;
  let lines = 0;
  let after = 0;
  for (let isOver = false; !isOver; ) {
    const page = await executor.page(id, `after=${after}&wait=20000`);
    after = page.at(-1)?.seq ?? after;
    lines += page.filter(({ line }) => line?.end).length;
    isOver = page.some(isExit);
    if (isOver) expect(exitOf(page)).toMatchObject({ cause: 'exit', code: 0, stdoutBytes: BYTES });
    peak = Math.max(peak, await memoryBytes());
  }
  expect(lines).toBe(BYTES / LINE.length);
  expect(peak - idle).toBeLessThan(GROWTH_MAX_BYTES);
});
