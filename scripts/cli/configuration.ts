import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { ROOT, WRANGLER_DIRECTORY } from '../local/environment.ts';
import { CommandError } from './command-error.ts';
import { runTool } from './pinned-tool.ts';

const TYPES = join(ROOT, 'worker-configuration.d.ts');

/** What wrangler calls an error, in one line: without its marks, its picture of the place and its hints for its own makers. */
function errorIn(said: string): string {
  const [, error = said] = /\[ERROR\] ([\s\S]*?)(?:🪵|If you think this is a bug|$)/.exec(said) ?? [];
  const lines = error.split('\n').map((line) => line.trim().replace(/^- /, ''));
  return lines.filter((line) => line && !/[│╵]|^Processing .* configuration:$/.test(line)).join(' ');
}

/** The bindings that the code was written for, from the types that `npm run types` makes. */
function neededBindings(): string[] {
  const [, env = ''] = /interface __BaseEnv_Env \{([^}]*)\}/.exec(readFileSync(TYPES, 'utf8')) ?? [];
  return [...env.matchAll(/^\s*(\w+): /gm)].map(([, name = '']) => name);
}

/** Refuses settings that the Worker would refuse at every request. */
async function checkSettings(file: string): Promise<void> {
  // Wrangler prints variables cut short, so the file is read again. It takes over a second to load: only who comes this far waits.
  const { experimental_readRawConfig: readFile } = await import('wrangler');
  try {
    readConfig(readFile({ config: file }).rawConfig.vars ?? {});
  } catch (error) {
    throw new CommandError(`${file} cannot be deployed: ${messageOf(error)}`);
  }
}

/** Bundles the Worker as a configuration file says. Refuses what cannot be deployed, or would fail for want of a binding or by a setting. */
export async function checkConfiguration(file: string): Promise<void> {
  const outdir = join(WRANGLER_DIRECTORY, 'deploy');
  const args = ['deploy', '--dry-run', '--containers-rollout=none', '--config', file, '--outdir', outdir];
  const { status, output } = runTool('wrangler', args, 'pipe');
  const said = stripVTControlCharacters(output.join(''));
  if (status !== 0) throw new CommandError(`${file} cannot be deployed: ${errorIn(said)}`);
  const bound = new Set([...said.matchAll(/^env\.(\w+)/gm)].map(([, name]) => name));
  const missing = neededBindings().filter((name) => !bound.has(name));
  if (missing.length > 0)
    throw new CommandError(
      `${file} lacks what the Worker is bound to: ${missing.join(', ')}. Put it back, as in the project's wrangler.toml.`,
    );
  await checkSettings(file);
}
