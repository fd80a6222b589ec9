import { afterEach, expect, test, vi } from 'vitest';
import { type Config, readConfig } from '../../../src/config.ts';
import { operatorKey } from '../../../src/gate/upstreams.ts';
import { BUNDLED_SERVER } from '../../../src/health/bundled.ts';
import { checkKeys } from '../../../src/health/keys.ts';

afterEach(() => void vi.unstubAllGlobals());

const check = (config: Config) => checkKeys(config, (provider) => operatorKey(provider, config));

test('a key is tried below the path that its upstream URL has', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.href);
    return new Response('{}');
  });
  const keys = { ANTHROPIC_API_KEY: 'a', XAI_API_KEY: 'x' };
  await check(readConfig({ ...keys, ANTHROPIC_UPSTREAM_URL: 'https://proxy.test/v1/account/gw/anthropic/' }));
  expect(asked).toEqual(['https://proxy.test/v1/account/gw/anthropic/v1/models', 'https://api.x.ai/v1/models']);
});

test('the bundled endpoint, which accepts any key, is named as such', async () => {
  vi.stubGlobal('fetch', async () => new Response('{}', { headers: { server: BUNDLED_SERVER } }));
  const config = readConfig({ XAI_API_KEY: 'x', XAI_UPSTREAM_URL: 'http://127.0.0.1:5' });
  expect(await check(config)).toContainEqual({
    check: 'key of grok',
    state: 'note',
    says: 'Not checked: the bundled endpoint on 127.0.0.1:5 answers offline and accepts any key.',
  });
});
