import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startProcess } from '../../container/run/process.ts';

const place = { cwd: '/', env: { PATH: process.env.PATH ?? '' } };

test('the output of an ended process can be read afterwards', async () => {
  const child = await startProcess({ ...place, argv: ['sh', '-c', 'echo said; echo complained >&2; exit 3'] }, Readable.from([]));
  expect(await child.exited).toEqual({ code: 3, signal: null });
  expect(await Promise.all([text(child.stdout), text(child.stderr)])).toEqual(['said\n', 'complained\n']);
});
