import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, quietWrangler, ROOT, WRANGLER_DIRECTORY } from '../local/environment.ts';

/** Programs of the pinned tools, below node_modules. */
const TOOLS = {
  biome: '@biomejs/biome/bin/biome',
  cspell: 'cspell/bin.mjs',
  jscpd: 'jscpd/run-jscpd.js',
  knip: 'knip/bin/knip.js',
  tsc: 'typescript/bin/tsc',
  vitest: 'vitest/vitest.mjs',
  wrangler: 'wrangler/bin/wrangler.js',
} as const;

export type PinnedTool = keyof typeof TOOLS;

/** Whether a pinned tool has this name. */
export const isPinnedTool = (name: string): name is PinnedTool => name in TOOLS;

/** Runs a pinned tool on this Node, off the network and out of the home directory. */
export function runPinnedTool(tool: PinnedTool, args: string[], stdio: SpawnSyncOptions['stdio']) {
  for (const name of ['home', 'tmp']) mkdirSync(join(WRANGLER_DIRECTORY, name), { recursive: true });
  const env = childEnvironment(WRANGLER_DIRECTORY, { ...quietWrangler(WRANGLER_DIRECTORY), NO_COLOR: '1' });
  const argv = [join(ROOT, 'node_modules', TOOLS[tool]), ...args];
  return spawnSync(process.execPath, argv, { cwd: ROOT, env, stdio, encoding: 'utf8' });
}
