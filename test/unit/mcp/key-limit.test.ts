import { expect, test } from 'vitest';
import { limitKeys, MAX_KEYS } from '../../../src/mcp/arguments/key-limit.ts';

const requestOf = (body: string) => new Request('http://127.0.0.1/mcp', { method: 'POST', body });
const withKeys = (count: number) => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));

test.each([
  ['as many keys as are allowed', withKeys(MAX_KEYS)],
  ['JSON with many keys in a text', JSON.stringify({ prompt: withKeys(MAX_KEYS * 2) })],
])('a request with %s passes unchanged', async (_what, body) => {
  const passed = await limitKeys(requestOf(body));
  expect(passed.ok && (await passed.value.text())).toBe(body);
});

test('a request with more keys is refused with their number and the limit', async () => {
  expect(await limitKeys(requestOf(withKeys(MAX_KEYS + 1)))).toMatchObject({
    failure: { code: 'invalid_input', issues: ['The request has 20001 keys, limit 20000.'] },
  });
});
