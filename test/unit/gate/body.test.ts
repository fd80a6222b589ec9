import { expect, test } from 'vitest';
import { readBody } from '../../../src/gate/body.ts';

const requestOf = (body: string | undefined) =>
  new Request('http://gate.test', { method: body === undefined ? 'GET' : 'POST', ...(body !== undefined && { body }) });

test.each([
  ['no body', undefined, ''],
  ['a body of the largest size', '漢字', '漢字'],
  ['a larger one', '漢字a', null],
])('the body of a request is read within a limit of 6 bytes: %s', async (_what, body, text) => {
  expect(await readBody(requestOf(body), 6)).toBe(text);
});
