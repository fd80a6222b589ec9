import { expect, test } from 'vitest';
import { claudeLimitEnd } from '../../../container/providers/claude/limit.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['Claude AI usage limit reached|1772400000', '2026-03-01T21:20:00Z'],
  ["You've hit your limit · resets 2pm", '2026-03-01T14:00:00Z'],
  ["You've hit your limit · resets 11am (UTC)", '2026-03-02T11:00:00Z'],
  ["You've hit your session limit · resets 3:30pm (America/New_York)", '2026-03-01T20:30:00Z'],
  ["You've hit your weekly limit · resets Mar 4, 5pm (Europe/Berlin)", '2026-03-04T16:00:00Z'],
  ['5-hour limit reached ∙ resets 12am', '2026-03-02T00:00:00Z'],
  ['limit reached, resets at 18:45', '2026-03-01T18:45:00Z'],
])('%s', (text, at) => {
  expect(new Date(claudeLimitEnd(text, NOW) ?? 0).toISOString().replace('.000', '')).toBe(at);
});

test.each([
  "You've hit your limit",
  'resets soon',
  'usage limit reached|12',
  'usage limit reached|99999999999',
  'resets 2pm (Nowhere/City)',
  'resets 99:99 xm',
])('no time is read from %j', (text) => {
  expect(claudeLimitEnd(text, NOW)).toBeUndefined();
});
