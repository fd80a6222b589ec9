import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export type Project = 'unit' | 'executor' | 'worker';

/** Test files of one project, all of which a mutant has to pass to survive. */
export interface Suite {
  project: Project;
  files: string[];
}

/** The files of each folder's tests that run it in another process or object, so that their imports do not show it. */
const TESTS: Record<string, { project: Project; names: string }> = {
  'src/policy': { project: 'worker', names: 'policy policy-tools' },
  'src/job': {
    project: 'worker',
    names: 'job job-answer drive finalize gate budget steps waiting watch redelivery largest-events account',
  },
  'src/account': {
    project: 'worker',
    names: 'account approvals approvals-later counters policy policy-tools audit webhook redelivery steps budget',
  },
  'src/gate': { project: 'worker', names: 'gate budget' },
  'src/auth': { project: 'worker', names: 'auth auth-oauth auth-tokens auth-isolation visitors scopes discovery http' },
  'container/spool': { project: 'executor', names: 'spool server run-ends restart memory quarantine' },
  'container/run': { project: 'executor', names: 'run-ends output lines process ask environment server memory restart' },
  'container/state': { project: 'executor', names: 'sessions quarantine environment restart confinement server' },
  'container/providers': { project: 'executor', names: 'clis sessions' },
};

/** The folders whose tests are measured. */
export const FOLDERS = Object.keys(TESTS);

export const folderOf = (file: string): string => FOLDERS.find((folder) => file.startsWith(`${folder}/`)) ?? '';

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const imports = new Map<string, Set<string>>();

/** All files of the project that a file imports, also through others, and itself. */
function importsOf(file: string): Set<string> {
  const known = imports.get(file);
  if (known) return known;
  const found = new Set([file]);
  imports.set(file, found);
  if (!file.endsWith('.ts')) return found;
  for (const [, target = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT))
    for (const inner of importsOf(relative(ROOT, join(ROOT, dirname(file), target)))) found.add(inner);
  return found;
}

const unitTests = globSync('test/unit/**/*.test.ts', { cwd: ROOT }).sort();
/** Unit tests that are run before the others. */
const CLOSEST = 3;

/** The suites that a mutant of a file has to pass: the unit tests that import it, those with the fewest imports first, then the others. */
export function suitesOf(file: string): Suite[] {
  const { project, names } = TESTS[folderOf(file)] ?? { project: 'worker', names: '' };
  const size = (test: string) => importsOf(test).size;
  const unit = unitTests.filter((test) => importsOf(test).has(file)).sort((a, b) => size(a) - size(b));
  const suites: Suite[] = [
    { project: 'unit', files: unit.slice(0, CLOSEST) },
    { project: 'unit', files: unit.slice(CLOSEST) },
    { project, files: names.split(' ').map((name) => `test/${project}/${name}.test.ts`) },
  ];
  return suites.filter(({ files }) => files.length > 0);
}
