import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './environment.ts';

/** Settings of the Worker by their names in the environment. */
export type Variables = Record<string, string>;

const DEV_VARS = join(ROOT, '.dev.vars');

/** The settings in .dev.vars, without the empty ones. */
export function readDevVars(): Variables {
  const lines = Object.entries(existsSync(DEV_VARS) ? parseEnv(readFileSync(DEV_VARS, 'utf8')) : {});
  return Object.fromEntries(lines.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
