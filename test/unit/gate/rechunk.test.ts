import { expect, test } from 'vitest';
import { rechunk } from '../../../src/gate/rechunk.ts';

test('a response that is no longer wanted is not read on', async () => {
  let reason: unknown;
  const source = new ReadableStream({
    type: 'bytes',
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: (given) => {
      reason = given;
    },
  });
  await rechunk(new Response(source)).body?.cancel('not wanted');
  expect(reason).toBe('not wanted');
});
