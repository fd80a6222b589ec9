// Started by trial.ts in a copy of the project: keeps vitest warm for one project, and runs tests as it is told.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createVitest } from 'vitest/node';
import { Order, type Verdict } from './order.ts';

/** Pause before a run that vitest could not start is tried again, in ms. */
const CANCEL_MS = 100;

const [project = ''] = process.argv.slice(2);
process.env.VITEST = 'true';
process.env.NODE_ENV = 'test';

const vitest = await createVitest(
  'test',
  // A busy machine fails a test now and then: a mutant has to fail it twice.
  {
    watch: true,
    project: [project],
    reporters: [{}],
    bail: 1,
    retry: project === 'unit' ? 0 : 1,
    maxWorkers: project === 'unit' ? 1 : 3,
    onConsoleLog: () => false,
  },
  { server: { watch: null }, logLevel: 'silent' },
);

async function run({ files, changed }: Order): Promise<Verdict> {
  // A failure of an earlier run counts as one of this run.
  vitest.state.idMap.clear();
  vitest.state.filesMap.clear();
  for (const path of changed.map((file) => join(process.cwd(), file))) {
    vitest.invalidateFile(path);
    vitest.watcher.invalidates.add(path);
  }
  const specifications = await vitest.globTestSpecifications(files);
  if (specifications.length === 0) throw new Error(`No test file of ${project} is one of ${files.join(', ')}.`);
  let result = await vitest.runTestSpecifications(specifications, false);
  // The pool may still end the run before, which stopped at its first failure.
  while (result.unhandledErrors.some((error) => String(error).includes('pool is cancelling'))) {
    await delay(CANCEL_MS);
    result = await vitest.runTestSpecifications(specifications, false);
  }
  const { testModules, unhandledErrors } = result;
  // That vitest lost its workers is no verdict on the mutant.
  if (unhandledErrors.some((error) => String(error).includes('[vitest-pool]'))) process.exit(1);
  for (const module of testModules) {
    for (const test of module.children.allTests('failed')) return { failure: `${module.relativeModuleId}: ${test.fullName}` };
    if (module.state() === 'failed') return { failure: `${module.relativeModuleId}: ${module.errors()[0]?.message ?? 'failed'}` };
  }
  const [error] = unhandledErrors;
  return { failure: error === undefined ? null : `outside a test: ${String(error)}` };
}

process.on('message', (message) => {
  run(Order.parse(message)).then(
    (verdict) => process.send?.(verdict),
    (error: unknown) => process.send?.({ failure: `vitest: ${String(error)}` }),
  );
});
process.on('disconnect', () => process.exit());
