import { Progress } from '../../../src/job/record.ts';
import type { JobRow } from '../../../src/job/store.ts';

/** A running job, with changes. */
export const rowOf = (change: Partial<JobRow> = {}): JobRow => ({
  spec: {
    id: 'job_0',
    account: 'a',
    provider: 'claude',
    options: {},
    session: { mode: 'new', id: '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11' },
    limits: { idleTimeoutMs: 1, runTimeoutMs: 1, outputCapBytes: 1, outputTailBytes: 1, cancelGraceMs: 1 },
  },
  run_token: 'a-made-up-run-token',
  state: 'running',
  created_at: 1_000,
  started_at: 3_000,
  finished_at: null,
  cancel_requested_at: null,
  admitted_at: 2_000,
  hold: null,
  approved_at: null,
  asked_state: null,
  cursor: 0,
  progress: Progress.parse({}),
  ending: null,
  settled_at: null,
  acked_at: null,
  ...change,
});
