import { expect, test } from 'vitest';
import { retryAtOf } from '../../../src/gate/retry-at.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const inS = (seconds: number) => NOW + seconds * 1_000;

test.each<[string, Record<string, string>, number | undefined]>([
  ['seconds', { 'retry-after': '3600' }, inS(3_600)],
  ['a date', { 'retry-after': 'Sun, 01 Mar 2026 12:10:00 GMT' }, inS(600)],
  ['ms', { 'retry-after-ms': '1500', 'retry-after': '2' }, inS(1.5)],
  ['seconds since 1970', { 'anthropic-ratelimit-unified-reset': String(inS(7_200) / 1_000) }, inS(7_200)],
  ['retry-after before a reset', { 'retry-after': '5', 'anthropic-ratelimit-unified-reset': String(inS(60) / 1_000) }, inS(5)],
  ['a time', { 'anthropic-ratelimit-tokens-reset': '2026-03-01T12:01:00Z' }, inS(60)],
  ['durations', { 'x-ratelimit-reset-requests': '1m0.5s', 'x-ratelimit-reset-tokens': '20ms' }, inS(60.5)],
  [
    'the limit that is used up',
    {
      'x-ratelimit-reset-requests': '1h',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-tokens': '2s',
      'x-ratelimit-remaining-tokens': '0',
    },
    inS(2),
  ],
  [
    'not the limit that still allows calls',
    {
      'anthropic-ratelimit-unified-5h-reset': String(inS(60) / 1_000),
      'anthropic-ratelimit-unified-5h-status': 'rejected',
      'anthropic-ratelimit-unified-7d-reset': String(inS(9_000) / 1_000),
      'anthropic-ratelimit-unified-7d-status': 'allowed_warning',
    },
    inS(60),
  ],
  ['nothing', {}, undefined],
  ['no number', { 'retry-after': 'soon' }, undefined],
  ['the past', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, undefined],
  ['zero', { 'retry-after': '0' }, undefined],
  ['a year', { 'retry-after': '31536000' }, undefined],
])('the time of a refused model call is read: %s', (_name, headers, at) => {
  expect(retryAtOf(new Headers(headers), NOW)).toBe(at);
});
