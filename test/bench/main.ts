// `npm run bench`: how time and the executor's memory grow with a CLI's output, and what policies cost.

import { CommandError, reportFailure } from '../../scripts/cli/command-error.ts';
import { parseFlags } from '../../scripts/cli/flags.ts';
import { print } from '../../scripts/cli/print.ts';
import { openRig, type Rig } from '../rig/rig.ts';
import { type Measured, measure, memoryOf } from './measure.ts';
import { callsPerSecond, evaluationMs, largePolicy, worstMs } from './policy.ts';

const MB = 1_048_576;
const SIZES_MB = [1, 4, 16, 50];
/** Maximum ratio of the times of 16 MB and 4 MB. */
const RATIO_MAX = 5;
const MEMORY_MAX_BYTES = 150_000_000;
/** Maximum CPU time of evaluating 200 rules, in ms. */
const EVALUATION_MAX_MS = 1;
/** Maximum ratio of calls per second without limits and with two counters each. */
const COUNTING_MAX_RATIO = 2;

const total = ({ runMs, readMs }: Measured) => runMs + readMs;
const cells = (values: string[]) => values.map((value) => value.padStart(12)).join('');
const row = (measured: Measured) => {
  const { bytes, runMs, readMs, memoryBytes, isWhole } = measured;
  const figures = [bytes / MB, runMs / 1_000, readMs / 1_000, total(measured) / 1_000, memoryBytes / 1e6];
  const [size, ...rest] = figures;
  return cells([String(size), ...rest.map((figure) => figure.toFixed(2)), isWhole ? 'yes' : 'NO']);
};

function missed(found: Measured[]): string[] {
  const timeOf = (mb: number) => found.filter(({ bytes }) => bytes === mb * MB).reduce((sum, entry) => sum + total(entry), 0);
  const ratio = timeOf(16) / timeOf(4);
  print(`16 MB took ${ratio.toFixed(2)} times as long as 4 MB (limit ${RATIO_MAX}).`);
  const heavy = found.filter(({ memoryBytes }) => memoryBytes > MEMORY_MAX_BYTES);
  return [
    ...(ratio < RATIO_MAX ? [] : [`16 MB took ${ratio.toFixed(2)} times as long as 4 MB`]),
    ...heavy.map(({ bytes }) => `the executor needed more than ${MEMORY_MAX_BYTES / 1e6} MB for ${bytes / MB} MB`),
    ...found.filter(({ isWhole }) => !isWhole).map(({ bytes }) => `${bytes / MB} MB arrived incomplete`),
  ];
}

/** Measures what policies cost. */
async function measurePolicies(rig: Rig): Promise<string[]> {
  const ms = evaluationMs();
  print(`Evaluating 200 rules takes ${ms.toFixed(3)} ms of CPU (limit ${EVALUATION_MAX_MS}).`);
  print(`The longest text with the most expensive patterns of a policy takes ${worstMs().toFixed(0)} ms of CPU.`);
  const open = await callsPerSecond(rig, 'open');
  const counted = await callsPerSecond(rig, largePolicy(1_000_000));
  await callsPerSecond(rig, 'open');
  const ratio = open / counted;
  print(
    `${open.toFixed(0)} calls per second without limits, ${counted.toFixed(0)} with two counters each: ratio ${ratio.toFixed(2)} (limit ${COUNTING_MAX_RATIO}).`,
  );
  return [
    ...(ms < EVALUATION_MAX_MS ? [] : [`evaluating 200 rules took ${ms.toFixed(3)} ms of CPU`]),
    ...(ratio < COUNTING_MAX_RATIO ? [] : [`counting made calls ${ratio.toFixed(2)} times slower`]),
  ];
}

async function run() {
  parseFlags('npm run bench\n\nMeasures how time and memory grow with the output of a CLI, and what policies cost.', {});
  const rig = await openRig({}, () => 'once');
  try {
    const idleBytes = await memoryOf(rig);
    // The first measurement includes one-time compilation, so it does not count.
    await measure(rig, MB, idleBytes);
    print(`The executor's idle memory: ${(idleBytes / 1e6).toFixed(0)} MB.`);
    print(cells(['output, MB', 'run, s', 'read, s', 'both, s', 'memory, MB', 'whole']));
    const found: Measured[] = [];
    for (const size of SIZES_MB) {
      const measured = await measure(rig, size * MB, idleBytes);
      found.push(measured);
      print(row(measured));
    }
    const failures = [...missed(found), ...(await measurePolicies(rig))];
    if (failures.length > 0) throw new CommandError(`Missed: ${failures.join('; ')}.`);
  } finally {
    await rig.stop(true);
  }
}

await run().catch(reportFailure);
process.exit();
