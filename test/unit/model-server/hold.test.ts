import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createModelServer } from '../../../scripts/model-server/server.ts';

const server = createModelServer({ scenario: 'text', models: [] });
let url = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const control = (method: string, path: string) => fetch(`${url}/__mock/${path}`, { method });

/** Asks for an answer that is held under a name. */
async function ask(path: string, name: string, stream = true): Promise<Response> {
  const messages = [{ role: 'user', content: `[mock:hold ${name}]` }];
  const tools = [{ name: 'bash', type: 'function' }];
  const body = JSON.stringify({ model: 'm', max_tokens: 9_000, stream, messages, input: messages, tools });
  return fetch(url + path, { method: 'POST', body });
}

const paths = ['/v1/messages', '/v1/responses', '/v1/chat/completions'];

test.each(paths)('a stream of %s stops after a few words until its name is released', async (path) => {
  const answer = await ask(path, path.slice(4));
  const name = encodeURIComponent(path.slice(4));
  await control('GET', `held/${name}`);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let before = '';
  while (!before.includes('tok4 ')) before += (await reader?.read())?.value ?? '';
  expect(before).not.toContain('tok5 ');
  await control('POST', `release/${name}`);
  let after = '';
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) after += part.value;
  expect(after).toMatch(/tok5 .*tok40 /s);
});

test('an answer without a stream comes at the release, and no other name releases it', async () => {
  const answer = ask('/v1/messages', 'whole', false);
  await control('GET', 'held/whole');
  await control('POST', 'release/another');
  const first = await Promise.race([answer, control('GET', 'requests').then(() => 'still held')]);
  expect(first).toBe('still held');
  await control('POST', 'release/whole');
  expect(await (await answer).text()).toMatch(/tok1 .*tok40 /);
});

test('a name that was released holds nothing until a reset, which releases what is held', async () => {
  await control('POST', 'release/again');
  expect(await (await ask('/v1/messages', 'again')).text()).toContain('tok40 ');
  await control('POST', 'reset');
  const held = ask('/v1/messages', 'again', false);
  await control('GET', 'held/again');
  await control('POST', 'reset');
  expect(await (await held).text()).toContain('tok40 ');
});

test('an unknown control route is not found', async () => {
  expect((await control('POST', 'releas/a')).status).toBe(404);
});
