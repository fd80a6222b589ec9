import { expect, test } from 'vitest';
import { runFaults } from '../faults/run.ts';

const JOBS = 12;
const SEED = 3;

test('whatever dies, no job loses or repeats a byte, runs twice, or stays without an end', async () => {
  const { zeros, problems, counts } = await runFaults(SEED, JOBS);
  expect(problems).toEqual([]);
  expect(zeros).toEqual(Object.fromEntries(Object.keys(zeros).map((name) => [name, 0])));
  expect([...counts.keys()]).toEqual(expect.arrayContaining(['worker-kill', 'executor-kill', 'executor-kill-empty', 'link-cut']));
});
