// `npm run check`: runs all checks. `npm run check -- lint types` runs the named ones.
import { join } from 'node:path';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import { type PinnedTool, runPinnedTool } from './cli/pinned-tool.ts';
import { WRANGLER_DIRECTORY } from './local/environment.ts';

const bundle = join(WRANGLER_DIRECTORY, 'bundle');

const CHECKS: Record<string, [tool: PinnedTool, ...args: string[]]> = {
  lint: ['biome', 'ci', '--colors=off', '.'],
  types: ['tsc', '--project', '.'],
  unused: ['knip'],
  duplicates: ['jscpd'],
  structure: ['vitest', 'run', '--project', 'unit', 'test/unit/layers.test.ts', 'test/unit/file-names.test.ts'],
  patterns: ['vitest', 'run', '--project', 'patterns'],
  spelling: ['cspell', 'lint', '--no-progress', '--quiet', '--unique'],
  'worker-types': ['wrangler', 'types', '--check'],
  bundle: ['wrangler', 'deploy', '--dry-run', '--containers-rollout=none', '--outdir', bundle],
};

const HELP = `npm run check [-- NAME...]\n\nRuns all checks, or the named ones: ${Object.keys(CHECKS).join(', ')}.`;

const unknownCheck = (name: string) =>
  new CommandError(`Unknown check ${JSON.stringify(name)}. Known: ${Object.keys(CHECKS).join(', ')}.`);

function passes(name: string): boolean {
  const check = CHECKS[name];
  if (!check) throw unknownCheck(name);
  const [tool, ...args] = check;
  const { status, output } = runPinnedTool(tool, args, 'pipe');
  process.stdout.write(status === 0 ? `ok     ${name}\n` : `FAILED ${name}\n${output.join('')}`);
  return status === 0;
}

function checkAll(names: string[]) {
  const failed = names.filter((name) => !passes(name));
  if (failed.length > 0) throw new CommandError(`Failed: ${failed.join(', ')}`);
}

try {
  const { positionals: names } = parseCommand(HELP, {});
  checkAll(names.length > 0 ? names : Object.keys(CHECKS));
} catch (error) {
  reportFailure(error);
}
