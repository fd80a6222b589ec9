import { EXPECTED_FAILURES } from './expected-failures.ts';
import type { Check, Run } from './suite.ts';

/** The scenarios that need nothing but a server: they run against the product itself. */
export const PRODUCT = {
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'resources-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
    'sep-2164-resource-not-found',
    'http-header-validation',
    'input-required-result-unsupported-methods',
    'input-required-result-validate-input',
  ],
  '2025-11-25': [
    'server-initialize',
    'ping',
    'tools-list',
    'resources-list',
    'server-sse-multiple-streams',
    'server-session-lifecycle',
    'dns-rebinding-protection',
  ],
} as const;

/** How many checks of a set pass: fewer means that a part of the suite did not run. */
const PASSED: Record<string, number> = { '2026-07-28': 120, '2026-07-28 tasks': 44, '2025-11-25': 55 };

/** Checks under one heading. */
export interface CheckSet {
  name: string;
  checks: Check[];
}

const isTasks = ({ scenario }: Check) => scenario.startsWith('tasks-');

/** A run of one revision in sets: what the suite scores, the extension of tasks, and what the suite runs beside. */
export function split(revision: string, { checks, unscored }: Run): CheckSet[] {
  const isScored = ({ scenario }: Check) => !unscored.includes(scenario);
  const sets = [
    { name: revision, checks: checks.filter(isScored) },
    { name: `${revision} tasks`, checks: checks.filter(isTasks) },
    { name: `${revision} not scored`, checks: checks.filter((check) => !isScored(check) && !isTasks(check)) },
  ];
  return sets.filter((set) => set.checks.length > 0);
}

/** A check as expected failures name it. */
export const key = ({ scenario, id }: Check) => `${scenario}:${id}`;

/** Failures that nothing excuses, excuses that nothing needs, and checks that were not made. */
export function surprises(sets: CheckSet[]): string[] {
  const checks = sets.flatMap((set) => set.checks);
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const unexpected = failed.filter((check) => !(key(check) in EXPECTED_FAILURES));
  const stale = Object.keys(EXPECTED_FAILURES).filter((name) => !failed.some((check) => key(check) === name));
  return [
    ...unexpected.map((check) => `${key(check)} failed: ${check.message}`),
    ...stale.map((name) => `${name} is expected to fail and did not`),
    ...Object.entries(PASSED).flatMap(([name, wanted]) => {
      const passed = sets.find((set) => set.name === name)?.checks.filter(({ outcome }) => outcome === 'passed').length ?? 0;
      return passed < wanted ? [`${name}: ${passed} checks passed instead of ${wanted}`] : [];
    }),
  ];
}

const ORDER = ['failed', 'passed', 'skipped'] as const;

/** The outcome of each scenario: failed where a check failed, else passed where one passed. */
export function scenarioOutcomes(checks: Check[]): Map<string, Check['outcome']> {
  const names = [...new Set(checks.map(({ scenario }) => scenario))];
  const outcome = (name: string) =>
    ORDER.find((wanted) => checks.some((check) => check.scenario === name && check.outcome === wanted));
  return new Map(names.map((name) => [name, outcome(name) ?? 'skipped']));
}

/** How many of the outcomes are of each kind, as a table shows them. */
export function counts(outcomes: Iterable<Check['outcome']>): string {
  const all = [...outcomes];
  const of = (wanted: Check['outcome']) => all.filter((outcome) => outcome === wanted).length;
  return `${of('passed')} passed, ${of('failed')} failed, ${of('skipped')} skipped`;
}
