import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { SETTINGS } from '../../src/config.ts';
import { MAX_SHOWN_CHARS, nearest } from '../../src/nearest.ts';
import { CommandError } from '../cli/command-error.ts';
import { ROOT } from './environment.ts';

/** Settings of the Worker by their names in the environment. */
export type Variables = Record<string, string>;

const DEV_VARS = join(ROOT, '.dev.vars');

/** Whether .dev.vars exists. */
export const hasDevVars = () => existsSync(DEV_VARS);

const KNOWN = SETTINGS.map(({ env }) => env);
const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/;
const QUOTED = /^([^#=\n]*=[ \t]*)(["'`])((?:(?!\2)[\s\S])*)\2/gm;

/** What is wrong with a line, or undefined if nothing is. Never shows the line, because it may hold a key. */
function problemOf(line: string): string | undefined {
  if (!line || line.startsWith('#')) return undefined;
  const [, name, value = ''] = ASSIGNMENT.exec(line) ?? [];
  if (name === undefined) return 'is not NAME=value';
  if (/^["'`]/.test(value)) return 'has a quote that is not closed';
  if (KNOWN.includes(name)) return undefined;
  const guess = nearest(name.toUpperCase(), KNOWN) ?? KNOWN.find((known) => known.startsWith(name));
  return `sets ${name.slice(0, MAX_SHOWN_CHARS)}, which is an unknown setting. ${guess ? `Did you mean ${guess}?` : 'docs/operate.md lists them'}`;
}

/** The settings in the text of a .dev.vars file, without the empty ones. Refuses a line that sets nothing or an unknown setting. */
export function parseDevVars(text: string): Variables {
  // A quoted value may have several lines.
  const lines = text.replace(QUOTED, (_all, start, _quote, value: string) => `${start}${value.replace(/[^\n]+/g, '')}`);
  for (const [index, line] of lines.split('\n').entries()) {
    const problem = problemOf(line.trim());
    if (problem) throw new CommandError(`.dev.vars line ${index + 1} ${problem.replace(/[^?]$/, '$&.')}`);
  }
  return Object.fromEntries(Object.entries(parseEnv(text)).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** The settings in .dev.vars, without the empty ones. */
export const readDevVars = (): Variables => (hasDevVars() ? parseDevVars(readFileSync(DEV_VARS, 'utf8')) : {});
