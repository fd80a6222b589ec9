// Every rule that a machine can hold. `npm run check -- lint types` runs some of them.
import { join } from 'node:path';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { runTool, type Tool } from './cli/pinned-tool.ts';
import { WRANGLER_DIRECTORY } from './local/environment.ts';

const bundle = join(WRANGLER_DIRECTORY, 'bundle');

const CHECKS: Record<string, [tool: Tool, ...args: string[]]> = {
  lint: ['biome', 'ci', '--colors=off', '.'],
  types: ['tsc', '--project', '.'],
  unused: ['knip'],
  duplicates: ['jscpd'],
  structure: ['vitest', 'run', '--project', 'unit', 'test/unit/layers.test.ts', 'test/unit/file-names.test.ts'],
  spelling: ['cspell', 'lint', '--no-progress', '--quiet', '--unique'],
  'worker-types': ['wrangler', 'types', '--check'],
  bundle: ['wrangler', 'deploy', '--dry-run', '--containers-rollout=none', '--outdir', bundle],
};

const unknownCheck = (name: string) =>
  new CommandError(`No check is named ${JSON.stringify(name)}. Known: ${Object.keys(CHECKS).join(', ')}.`);

function passes(name: string): boolean {
  const check = CHECKS[name];
  if (!check) throw unknownCheck(name);
  const [tool, ...args] = check;
  const { status, output } = runTool(tool, args, 'pipe');
  process.stdout.write(status === 0 ? `ok     ${name}\n` : `FAILED ${name}\n${output.join('')}`);
  return status === 0;
}

function checkAll(wanted: string[]) {
  const failed = wanted.filter((name) => !passes(name));
  if (failed.length > 0) throw new CommandError(`Failed: ${failed.join(', ')}`);
}

try {
  const wanted = process.argv.slice(2);
  checkAll(wanted.length > 0 ? wanted : Object.keys(CHECKS));
} catch (error) {
  reportFailure(error);
}
