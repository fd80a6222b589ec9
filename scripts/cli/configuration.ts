import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { ROOT, WRANGLER_DIRECTORY } from '../local/environment.ts';
import { CommandError } from './command-error.ts';
import { runPinnedTool } from './pinned-tool.ts';

const TYPES = join(ROOT, 'worker-configuration.d.ts');

/** The error in wrangler's output as one line, without its marks, its code excerpt and its bug report hint. */
function errorIn(output: string): string {
  const [, error = output] = /\[ERROR\] ([\s\S]*?)(?:🪵|If you think this is a bug|$)/.exec(output) ?? [];
  const lines = error.split('\n').map((line) => line.trim().replace(/^- /, ''));
  return lines.filter((line) => line && !/[│╵]|^Processing .* configuration:$/.test(line)).join(' ');
}

/** The bindings that the Worker needs, from the types that `npm run types` generates. */
function neededBindings(): string[] {
  const [, env = ''] = /interface __BaseEnv_Env \{([^}]*)\}/.exec(readFileSync(TYPES, 'utf8')) ?? [];
  return [...env.matchAll(/^\s*(\w+): /gm)].map(([, name = '']) => name);
}

/** Refuses settings that the Worker would refuse on every request. */
async function checkSettings(file: string): Promise<void> {
  // Reads the file again, because wrangler's output truncates variables. Imported here, because wrangler takes over a second to load.
  const { experimental_readRawConfig: readFile } = await import('wrangler');
  try {
    readConfig(readFile({ config: file }).rawConfig.vars ?? {});
  } catch (error) {
    throw new CommandError(`${file} cannot be deployed: ${messageOf(error)}`);
  }
}

/** Bundles the Worker by a configuration file. Refuses a file that cannot be deployed, lacks a binding or has a setting that is not valid. */
export async function checkConfiguration(file: string): Promise<void> {
  const outdir = join(WRANGLER_DIRECTORY, 'deploy');
  const args = ['deploy', '--dry-run', '--containers-rollout=none', '--config', file, '--outdir', outdir];
  const { status, output } = runPinnedTool('wrangler', args, 'pipe');
  const text = stripVTControlCharacters(output.join(''));
  if (status !== 0) throw new CommandError(`${file} cannot be deployed: ${errorIn(text)}`);
  const bound = new Set([...text.matchAll(/^env\.(\w+)/gm)].map(([, name]) => name));
  const missing = neededBindings().filter((name) => !bound.has(name));
  if (missing.length > 0)
    throw new CommandError(
      `${file} lacks bindings of the Worker: ${missing.join(', ')}. Restore them from the project's wrangler.toml.`,
    );
  await checkSettings(file);
}
