// `npm run test:faults [-- --jobs N --seed N]`: seeded faults of every part while jobs run. Nothing may be lost or run twice.
import { createHash } from 'node:crypto';
import { CommandError, reportFailure } from '../../scripts/cli/command-error.ts';
import { parseFlags } from '../../scripts/cli/flags.ts';
import { print } from '../../scripts/cli/print.ts';
import { planOf } from './plan.ts';
import { LIMITS, type Outcome, runFaults } from './run.ts';

const PROBLEMS_SHOWN = 20;

const listed = (counts: Map<string, number>) =>
  [...counts]
    .sort()
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ');
const inWords = (name: string) => name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
const cells = (values: (string | number)[]) =>
  values.map((value, i) => String(value)[i === 0 ? 'padEnd' : 'padStart'](22)).join('');

function show({ zeros, problems, counts, states, recovery, ms }: Outcome) {
  print(`Ended: ${listed(states)}; ${(ms / 1_000).toFixed(0)} s.`);
  print(`Faults: ${listed(counts)}.`);
  for (const [name, figure] of Object.entries(zeros)) print(`${cells([inWords(name), figure])}`);
  print(cells(['recovery, ms', 'jobs', 'p50', 'p95', 'max']));
  for (const { kind, jobs, p50, p95, max } of recovery) print(cells([kind, jobs, p50, p95, max]));
  problems.slice(0, PROBLEMS_SHOWN).forEach(print);
}

async function run() {
  const given = parseFlags('npm run test:faults [-- --jobs N] [--seed N]', {
    jobs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  });
  const [jobs, seed] = [Number(given.jobs), Number(given.seed)];
  if (!Number.isInteger(jobs) || jobs < 1 || !Number.isInteger(seed))
    throw new CommandError('--jobs and --seed must be whole numbers, --jobs at least 1.');
  const plan = createHash('sha256')
    .update(JSON.stringify(planOf(seed, jobs)))
    .digest('hex')
    .slice(0, 12);
  print(`${jobs} jobs, seed ${seed}, plan ${plan}. Limits that differ: ${JSON.stringify(LIMITS)}.`);
  const outcome = await runFaults(seed, jobs);
  show(outcome);
  const wrong = Object.entries(outcome.zeros).filter(([, figure]) => figure !== 0);
  if (wrong.length + outcome.problems.length > 0)
    throw new CommandError(
      `Not zero: ${wrong.map(([name]) => inWords(name)).join(', ') || 'problems above'}. Logs: ${outcome.state}`,
    );
}

await run().catch(reportFailure);
process.exit();
