import { expect, test } from 'vitest';
import { isoTime } from '../../../src/clock.ts';
import { withTimes } from '../../../src/mcp/result/times.ts';

const ISO = '1970-01-01T00:00:00.001Z';

const rows: [what: string, given: unknown, shown: unknown][] = [
  ['a time that is named', { createdAt: 1 }, { createdAt: 1, created: ISO }],
  ['a time without a name', { at: 1 }, { at: 1, time: ISO }],
  ['times in lists and objects', [{ a: { finishedAt: 1 } }], [{ a: { finishedAt: 1, finished: ISO } }]],
  ['a fraction', { at: 1.9 }, { at: 1.9, time: ISO }],
  ['what already has its time', { at: 1, time: ISO }, { at: 1, time: ISO }],
  ['a number outside the range of dates', { at: 9e15 }, { at: 9e15, time: '9000000000000000' }],
  ['no number', { at: 'noon', decidedAt: null }, { at: 'noon', decidedAt: null }],
  ['another field', { flat: 1, retryAfterMs: 2, At: 3, chat: 4 }, { flat: 1, retryAfterMs: 2, At: 3, chat: 4 }],
  ...['structured', 'args', 'arguments', 'policy', 'shadow'].map(
    (field) => [`times in ${field}`, { [field]: [{ at: 1 }] }, { [field]: [{ at: 1 }] }] as [string, unknown, unknown],
  ),
];

test.each(rows)('%s', (_what, given, shown) => {
  expect(withTimes(given)).toEqual(shown);
});

test('a name that objects have by birth stays a field', () => {
  expect(JSON.stringify(withTimes(JSON.parse('{"__proto__":{"at":1},"constructor":{"at":1}}')))).toBe(
    `{"__proto__":{"at":1,"time":"${ISO}"},"constructor":{"at":1,"time":"${ISO}"}}`,
  );
});

test.each([
  [0, '1970-01-01T00:00:00.000Z'],
  [8.64e15, '+275760-09-13T00:00:00.000Z'],
  [8.64e15 + 1, '8640000000000001'],
  [Number.NaN, 'NaN'],
])('%d as ISO 8601 is %s', (ms, iso) => {
  expect(isoTime(ms)).toBe(iso);
});
