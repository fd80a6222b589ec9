import { expect, test } from 'vitest';
import { isRunWanted } from '../../../src/job/budget.ts';
import type { JobRow } from '../../../src/job/store.ts';
import { rowOf } from './row.ts';

const cases: [what: string, change: Partial<JobRow>, isWanted: boolean][] = [
  ['a job that runs', {}, true],
  ['a queued job, whose run may have started', { state: 'queued' }, true],
  ['a job that is being canceled', { cancel_requested_at: 4_000 }, false],
  ['a job that passed its budget', { progress: { ...rowOf().progress, budgetUsd: 1 } }, false],
  ['a completed job', { state: 'completed' }, false],
  ['a job that is lost', { state: 'orphaned' }, false],
];

test.each(cases)('whether the run of %s may call its model: %#', (_what, change, isWanted) => {
  expect(isRunWanted(rowOf(change))).toBe(isWanted);
});
