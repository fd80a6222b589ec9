import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, quietWrangler, ROOT, WRANGLER_DIRECTORY } from '../local/environment.ts';

/** The pinned tools' scripts. */
const TOOLS = {
  biome: '@biomejs/biome/bin/biome',
  cspell: 'cspell/bin.mjs',
  jscpd: 'jscpd/run-jscpd.js',
  knip: 'knip/bin/knip.js',
  tsc: 'typescript/bin/tsc',
  vitest: 'vitest/vitest.mjs',
  wrangler: 'wrangler/bin/wrangler.js',
} as const;

export type Tool = keyof typeof TOOLS;

/** True for the name of a pinned tool. */
export const isTool = (name: string): name is Tool => name in TOOLS;

/** Runs a pinned tool on this Node, silent on the network and out of the home directory. */
export function runTool(tool: Tool, args: string[], stdio: SpawnSyncOptions['stdio']) {
  for (const name of ['home', 'tmp']) mkdirSync(join(WRANGLER_DIRECTORY, name), { recursive: true });
  const env = childEnvironment(WRANGLER_DIRECTORY, { ...quietWrangler(WRANGLER_DIRECTORY), NO_COLOR: '1' });
  const argv = [join(ROOT, 'node_modules', TOOLS[tool]), ...args];
  return spawnSync(process.execPath, argv, { cwd: ROOT, env, stdio, encoding: 'utf8' });
}
