// `npm run test:mutation [-- --sample N --seed N --only PATH --lanes N]`: changes the code in small ways, one at a time, and lists the changes
// that no test notices.
import { globSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, reportFailure } from '../../scripts/cli/command-error.ts';
import { parseFlags } from '../../scripts/cli/flags.ts';
import { print } from '../../scripts/cli/print.ts';
import { type Mutant, mutantsOf, sampleOf, sha256 } from './mutants.ts';
import { type Outcome, reportOf } from './report.ts';
import { addResult, type Equivalent, isSame, readEquivalents, readResults } from './results.ts';
import { FOLDERS, folderOf, ROOT, suitesOf } from './suites.ts';
import { openLane } from './trial.ts';

/** Where the copies of the project and the results are, one directory for each checkout. */
const STATE = join(tmpdir(), `llm-cli-gateway-mutation-${sha256(ROOT).slice(0, 8)}`);
const RESULTS = join(STATE, 'results.ndjson');

const filesOf = (pattern: string) => globSync(pattern, { cwd: ROOT }).sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const allMutants = () => FOLDERS.flatMap((folder) => filesOf(`${folder}/**/*.ts`)).flatMap((file) => mutantsOf(file, read(file)));
const testsVersion = () => sha256(filesOf('test/{unit,executor,worker,helpers,fixtures}/**/*.{ts,mjs}').map(read).join('\n'));

function checkEquivalents(equivalents: Equivalent[], mutants: Mutant[]): void {
  const stale = equivalents.filter((known) => !mutants.some((mutant) => isSame(known, mutant)));
  if (stale.length > 0)
    throw new CommandError(
      `equivalents.json names changes that no longer exist: ${stale.map(({ file, before }) => `${file}: ${before}`).join('; ')}.`,
    );
}

function readSettings() {
  const given = parseFlags('npm run test:mutation [-- --sample N] [--seed N] [--only PATH] [--lanes N]', {
    sample: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    lanes: { type: 'string', default: '2' },
  });
  const [sample, seed, lanes] = [Number(given.sample), Number(given.seed), Number(given.lanes)];
  if (![sample, seed, lanes].every(Number.isInteger) || sample < 0 || lanes < 1)
    throw new CommandError('--sample, --seed and --lanes must be whole numbers, --sample at least 0, --lanes at least 1.');
  return { sample, seed, lanes, only: given.only };
}

async function run() {
  const { sample, seed, lanes, only } = readSettings();
  const mutants = allMutants();
  const equivalents = await readEquivalents();
  checkEquivalents(equivalents, mutants);
  const drawn = sampleOf(
    mutants.filter(({ file }) => file.startsWith(only)),
    seed,
    sample,
  );
  if (drawn.length === 0 && sample > 0) throw new CommandError(`No mutant is in ${only}. Folders: ${FOLDERS.join(', ')}.`);
  const tests = testsVersion();
  const results = await readResults(RESULTS, tests);
  const passedBy = ({ key }: Mutant) => results.get(key)?.passed ?? 0;
  const isKilled = ({ key }: Mutant) => typeof results.get(key)?.killedBy === 'string';
  const isDone = (mutant: Mutant) => isKilled(mutant) || passedBy(mutant) >= suitesOf(mutant.file).length;
  const place = ({ file }: Mutant) => FOLDERS.indexOf(folderOf(file));
  const queue = drawn.filter((mutant) => !isDone(mutant));
  print(`${drawn.length} of ${mutants.length} mutants, seed ${seed}; ${queue.length} are left. State: ${STATE}`);
  const suiteOf = (mutant: Mutant) => suitesOf(mutant.file)[passedBy(mutant)];
  const isSlow = (mutant: Mutant) => Number(suiteOf(mutant)?.project !== 'unit');
  /** The next mutant: unit tests first, and one folder after the other, because a lane starts and measures its suites once. */
  const next = () => {
    queue.sort((a, b) => isSlow(a) - isSlow(b) || passedBy(a) - passedBy(b) || place(a) - place(b));
    return queue.shift();
  };
  const work = async (number: number) => {
    const lane = await openLane(join(STATE, `lane-${number}`));
    process.on('exit', lane.close);
    for (let mutant = next(); mutant; mutant = next()) {
      const passed = passedBy(mutant);
      const suite = suiteOf(mutant);
      const killedBy = suite ? await lane.try(mutant, suite) : null;
      const result = { key: mutant.key, killedBy, passed: passed + (killedBy === null ? 1 : 0), tests };
      results.set(mutant.key, result);
      await addResult(RESULTS, result);
      const { file, line, before, after } = mutant;
      if (!isDone(mutant)) queue.push(mutant);
      else print(`${killedBy === null ? 'survived' : 'killed  '} ${file}:${line}  ${before}  ->  ${after}  ${killedBy ?? ''}`);
    }
    lane.close();
  };
  if (queue.length > 0) await Promise.all(Array.from({ length: lanes }, (_, number) => work(number)));
  const outcomes: Outcome[] = drawn.map((mutant) => ({
    mutant,
    killedBy: isDone(mutant) ? (results.get(mutant.key)?.killedBy ?? null) : undefined,
    reason: equivalents.find((known) => isSame(known, mutant))?.reason,
  }));
  reportOf(outcomes, folderOf).forEach(print);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
await run().catch(reportFailure);
process.exit();
