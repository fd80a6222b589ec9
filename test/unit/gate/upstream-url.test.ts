import { expect, test } from 'vitest';
import { isPlainPath, upstreamUrl } from '../../../src/gate/upstream-url.ts';

test.each([
  ['https://api.x.ai', '/v1/models', '', 'https://api.x.ai/v1/models'],
  ['https://api.x.ai/', '/', '?a=b', 'https://api.x.ai/?a=b'],
  [
    'https://proxy.example/v1/account/gw/anthropic',
    '/v1/messages',
    '?beta=true',
    'https://proxy.example/v1/account/gw/anthropic/v1/messages?beta=true',
  ],
  ['https://proxy.example/v1/account/gw/grok/', '/v1/responses', '', 'https://proxy.example/v1/account/gw/grok/v1/responses'],
  ['https://api.x.ai', '//evil.example/v1/models', '', 'https://api.x.ai//evil.example/v1/models'],
])('below %s the path %s%s leads to %s', (base, path, search, url) => {
  expect(upstreamUrl(base, path, search).href).toBe(url);
});

test.each(['/', '/v1/messages', '/v1/api-key'])('%s is a plain path', (path) => {
  expect(isPlainPath(path)).toBe(true);
});

test.each([
  '//evil.example/v1/messages',
  '/\\evil.example/v1/messages',
  '//',
  '/\\',
  '/v1//messages',
  '/v1/../v1/messages',
  '/v1/%2e%2e/messages',
  '/./v1/messages',
  '/v1/messages?x',
  '/v1/messages#x',
  '/v1/mess\nages',
  'v1/messages',
  'https://evil.example/v1/messages',
  '',
])('%j is none', (path) => {
  expect(isPlainPath(path)).toBe(false);
});
