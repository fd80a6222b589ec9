import { expect, test } from 'vitest';
import { DAY_MS, readConfig } from '../../../src/config.ts';
import { nextAlarm } from '../../../src/job/schedule.ts';
import type { JobRow } from '../../../src/job/store.ts';
import { rowOf } from './row.ts';

const { limits } = readConfig({ QUEUE_TIMEOUT_MS: '60000', RETENTION_DAYS: '2' });
const NOW = 10_000;
const hold = { approvalId: 'apr_0', rule: '', reason: '', expiresAt: 50_000, url: '' };
const over: Partial<JobRow> = { state: 'failed', finished_at: 5_000 };
const settled: Partial<JobRow> = { ...over, settled_at: 6_000 };

const cases: [what: string, change: Partial<JobRow>, alarm: number][] = [
  ['waits for its turn', { state: 'queued', admitted_at: null }, 61_000],
  ['waits for its turn since its approval', { state: 'queued', admitted_at: null, approved_at: 4_000 }, 64_000],
  ['waits for an executor', { state: 'queued' }, NOW],
  ['waits for its approval', { state: 'held', hold }, 50_000],
  ['runs', {}, NOW],
  ['is over and unreported', over, NOW + 2_000],
  ['is over and unacknowledged', settled, NOW + 2_000],
  ['is over and acknowledged, but unreported', { ...over, acked_at: 6_000 }, NOW + 2_000],
  ['is finalized', { ...settled, acked_at: 7_000 }, 5_000 + 2 * DAY_MS],
];

test.each(cases)('the alarm of a job that %s', (_what, change, alarm) => {
  expect(nextAlarm(rowOf(change), limits, false, NOW)).toBe(alarm);
});

test('a job that is being driven has its alarm later, in case the drive is interrupted', () => {
  expect(nextAlarm(rowOf(), limits, true, NOW)).toBe(NOW + 3_000);
});
