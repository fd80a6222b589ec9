import { EXPECTED_FAILURES } from './expected-failures.ts';
import type { Check, Run } from './suite.ts';

/** Scenarios that need only a server. They run against the product itself. */
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

/** Minimum number of passed checks of a set. With fewer, a part of the suite did not run. */
const PASSED: Record<string, number> = { '2026-07-28': 120, '2026-07-28 tasks': 44, '2025-11-25': 55 };

/** Checks under one heading. */
export interface CheckSet {
  name: string;
  checks: Check[];
}

const isTasks = ({ scenario }: Check) => scenario.startsWith('tasks-');

/** Splits a run of one revision: scored checks, checks of the tasks extension, and checks that the suite does not score. */
export function split(revision: string, { checks, unscored }: Run): CheckSet[] {
  const isScored = ({ scenario }: Check) => !unscored.includes(scenario);
  const sets = [
    { name: revision, checks: checks.filter(isScored) },
    { name: `${revision} tasks`, checks: checks.filter(isTasks) },
    { name: `${revision} not scored`, checks: checks.filter((check) => !isScored(check) && !isTasks(check)) },
  ];
  return sets.filter((set) => set.checks.length > 0);
}

/** Name of a check in the expected failures. */
export const key = ({ scenario, id }: Check) => `${scenario}:${id}`;

/** Lists unexpected failures, expected failures that passed, and sets with too few checks. */
export function unexpectedResults(sets: CheckSet[]): string[] {
  const checks = sets.flatMap((set) => set.checks);
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const unexpected = failed.filter((check) => !(key(check) in EXPECTED_FAILURES));
  const stale = Object.keys(EXPECTED_FAILURES).filter((name) => !failed.some((check) => key(check) === name));
  return [
    ...unexpected.map((check) => `${key(check)} failed: ${check.message}`),
    ...stale.map((name) => `${name} is expected to fail, but did not`),
    ...Object.entries(PASSED).flatMap(([name, wanted]) => {
      const passed = sets.find((set) => set.name === name)?.checks.filter(({ outcome }) => outcome === 'passed').length ?? 0;
      return passed < wanted ? [`${name}: ${passed} checks passed, minimum ${wanted}`] : [];
    }),
  ];
}

const ORDER = ['failed', 'passed', 'skipped'] as const;

/** Returns the outcome of each scenario: failed if a check failed, otherwise passed if one passed. */
export function scenarioOutcomes(checks: Check[]): Map<string, Check['outcome']> {
  const names = [...new Set(checks.map(({ scenario }) => scenario))];
  const outcome = (name: string) =>
    ORDER.find((wanted) => checks.some((check) => check.scenario === name && check.outcome === wanted));
  return new Map(names.map((name) => [name, outcome(name) ?? 'skipped']));
}

/** Formats the number of outcomes of each kind. */
export function counts(outcomes: Iterable<Check['outcome']>): string {
  const all = [...outcomes];
  const of = (wanted: Check['outcome']) => all.filter((outcome) => outcome === wanted).length;
  return `${of('passed')} passed, ${of('failed')} failed, ${of('skipped')} skipped`;
}
