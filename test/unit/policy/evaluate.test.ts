import { expect, test } from 'vitest';
import { overrun, windowStart } from '../../../src/policy/counting.ts';
import type { PolicyInput } from '../../../src/policy/document.ts';
import { evaluate } from '../../../src/policy/evaluate.ts';
import { policyOf } from './policies.ts';

const ESTIMATE = { 'usage.costUsd': 0.5, 'usage.totalTokens': 1_000, runtimeSeconds: 60 };
const ask = (tool: string, args: Record<string, unknown> = {}) => ({ tool, args, estimate: ESTIMATE });
const deny = (change: Partial<PolicyInput>): PolicyInput => ({ version: '1', default: 'deny', ...change });
const allow = (change: Partial<PolicyInput>): PolicyInput => ({ version: '1', default: 'allow', ...change });

const verdicts: [what: string, written: PolicyInput, tool: string, expected: object][] = [
  ['an unlisted tool under default deny', deny({}), 't', { kind: 'deny', rule: 'default' }],
  ['an unlisted tool under default allow', allow({}), 't', { kind: 'pass', rule: 'default', charges: [] }],
  ['a listed tool without rules', deny({ tools: { t: {} } }), 't', { kind: 'pass', rule: 'tools.t', charges: [] }],
  ['a hidden tool that is listed', deny({ hide: ['t'], tools: { t: {} } }), 't', { kind: 'hide', rule: 'hide' }],
  ['everything hidden', allow({ hide: ['*'] }), 't', { kind: 'hide' }],
  ['tools hidden by their beginning', allow({ hide: ['llm_*'] }), 'llm_job_list', { kind: 'hide' }],
  ['a tool that begins otherwise', allow({ hide: ['llm_*'] }), 'list_models', { kind: 'pass' }],
  ['a denied tool', allow({ tools: { t: { action: 'deny' } } }), 't', { kind: 'deny', rule: 'tools.t.action' }],
  [
    'a denied tool with a reason',
    allow({ tools: { t: { action: 'deny', reason: 'Not before the audit.' } } }),
    't',
    { kind: 'deny', reason: 'Not before the audit.' },
  ],
  ['an allowed tool', deny({ tools: { t: { action: 'allow' } } }), 't', { kind: 'pass' }],
  [
    'a tool that is asked about',
    deny({ tools: { t: { action: 'require_approval', reason: 'Ask first.' } } }),
    't',
    { kind: 'pass', approvals: [{ rule: 'tools.t.action', reason: 'Ask first.' }] },
  ],
  ['a tool by its beginning', deny({ tools: { 'grok_*': {} } }), 'grok_request', { kind: 'pass', rule: 'tools.grok_*' }],
  ['a name before a beginning', deny({ tools: { t1: { action: 'deny' }, 't*': {} } }), 't1', { kind: 'deny' }],
  [
    'the longer beginning',
    deny({ tools: { '*': { action: 'deny' }, 'a_*': { action: 'deny' }, 'a_b*': {} } }),
    'a_b_c',
    { rule: 'tools.a_b*' },
  ],
  ['a star for all', deny({ tools: { '*': {} } }), 'anything', { kind: 'pass', rule: 'tools.*' }],
  ['jobs at once', deny({ tools: { t: { max_running: 2 } } }), 't', { maxRunning: { max: 2, rule: 'tools.t.max_running' } }],
  [
    'every ground on which it is asked about',
    deny({
      tools: {
        t: {
          action: 'require_approval',
          require_approval_if: ['a', 'b', 'c'].map((name) => ({ path: `args.${name}`, op: 'exists', value: name === 'b' })),
        },
      },
    }),
    't',
    { approvals: ['action', 'require_approval_if[0]', 'require_approval_if[2]'].map((place) => ({ rule: `tools.t.${place}` })) },
  ],
  [
    'what a denied call would have needed',
    deny({ tools: { t: { require: [{ path: 'args.a', op: 'exists', value: true }] } } }),
    't',
    { kind: 'deny', rule: 'tools.t.require[0]', reason: 'it requires args.a exists true' },
  ],
  [
    'denying before asking',
    deny({ tools: { t: { action: 'require_approval', deny_if: [{ path: 'args.a', op: 'exists', value: false }] } } }),
    't',
    { kind: 'deny', rule: 'tools.t.deny_if[0]', reason: 'it is denied if args.a exists false' },
  ],
];

test.each(verdicts)('%s', (_what, written, tool, expected) => {
  expect(evaluate(policyOf(written), ask(tool))).toMatchObject(expected);
});

const twoWays: [what: string, tool: string, path: string, args: Record<string, unknown>][] = [
  ['a prompt in parts', 'claude_request', 'prompt', { promptParts: { context: 'old', task: 'drop table users' } }],
  ['a part of a prompt', 'grok_request', 'promptParts.task', { promptParts: { task: 'drop table' } }],
  ['an option by its other name', 'grok_request', 'effort', { reasoningEffort: 'drop table' }],
  ['an option whose other name is in the condition', 'grok_request_async', 'rules', { appendSystemPrompt: 'drop table' }],
];

test.each(twoWays)('a condition holds for %s', (_what, tool, path, args) => {
  const condition = { path: `args.${path}`, op: 'regex', value: 'drop table' } as const;
  const policy = policyOf(allow({ tools: { [tool]: { deny_if: [condition] } } }));
  expect(evaluate(policy, ask(tool, args))).toMatchObject({ kind: 'deny' });
  expect(evaluate(policy, ask(tool, { prompt: 'hi' }))).toMatchObject({ kind: 'pass' });
});

const LIMIT = { counter: 'c', window: 'minute', max: 10, scope: 'grant' } as const;
const charges = (written: PolicyInput, args: Record<string, unknown> = {}, estimate: typeof ESTIMATE | undefined = ESTIMATE) => {
  const verdict = evaluate(policyOf(written), { tool: 't', args, ...(estimate && { estimate }) });
  return verdict.kind === 'pass' ? verdict.charges : verdict;
};
const one = (change: object) => deny({ tools: { t: { limits: [{ ...LIMIT, ...change }] } } });

test('a call is charged for all tools, for its own limits and for its rate', () => {
  const written = deny({
    all_tools: { limits: [LIMIT] },
    tools: { t: { limits: [{ ...LIMIT, counter: 'd', window: 'day' }], rate_limit: { max: 2, window: 3_600 } } },
  });
  expect(charges(written)).toEqual([
    { rule: 'all_tools.limits[0]', counter: 'c', scope: 'grant', windowS: 60, max: 10, amount: 1, unit: 'calls' },
    { rule: 'tools.t.limits[0]', counter: 'd', scope: 'grant', windowS: 86_400, max: 10, amount: 1, unit: 'calls' },
    {
      rule: 'tools.t.rate_limit',
      counter: 'tools.t.rate_limit',
      scope: 'grant',
      windowS: 3_600,
      max: 2,
      amount: 1,
      unit: 'calls',
    },
  ]);
});

test('an argument is counted in place of the call, and has to be there', () => {
  const written = one({ increment_from: 'args.maxBudgetUsd' });
  expect(charges(written, { maxBudgetUsd: 2.5 })).toMatchObject([{ amount: 2.5, counter: 'c=args.maxBudgetUsd' }]);
  for (const args of [{}, { maxBudgetUsd: '2' }, { maxBudgetUsd: -1 }, { maxBudgetUsd: Number.NaN }])
    expect(charges(written, args)).toMatchObject({
      kind: 'deny',
      rule: 'tools.t.limits[0]',
      reason: expect.stringContaining('args.maxBudgetUsd'),
    });
});

test('what a job uses is charged by its estimate, and only to what makes a job', () => {
  const written = one({ increment_from: 'usage.costUsd' });
  expect(charges(written)).toMatchObject([{ amount: 0.5, unit: 'usage.costUsd' }]);
  expect(evaluate(policyOf(written), { tool: 't', args: {} })).toMatchObject({ kind: 'pass', charges: [] });
});

const MINUTE = Date.UTC(2026, 10, 25, 10, 30);

type Fit = 'fits' | 'never' | { retryAfterMs: number };
const fits: [what: string, used: number, amount: number, max: number, windowS: number, expected: Fit][] = [
  ['the last that fits', 9, 1, 10, 60, 'fits'],
  ['one too many', 10, 1, 10, 60, { retryAfterMs: 45_000 }],
  ['one too many in an hour', 10, 1, 10, 3_600, { retryAfterMs: 1_785_000 }],
  ['one too many in a day', 10, 1, 10, 86_400, { retryAfterMs: 48_585_000 }],
  ['an amount that fits never', 0, 11, 10, 60, 'never'],
  ['nothing at all', 0, 1, 0, 60, 'never'],
  ['sums of money', 0.1 + 0.2, 0.3, 0.6, 60, 'fits'],
];

test.each(fits)('%s', (_what, used, amount, max, windowS, expected) => {
  const charge = { scope: 'grant', counter: 'c', windowS, max, amount, unit: 'calls', rule: 'r' } as const;
  const found = overrun([charge], () => used, MINUTE + 15_000);
  if (expected === 'fits') return expect(found).toBeUndefined();
  expect(found).toMatchObject({ rule: 'r', used, max, amount });
  expect(found?.retryAfterMs).toBe(expected === 'never' ? undefined : expected.retryAfterMs);
});

test.each([
  ['minute and day', [60, 86_400], 1, 48_585_000],
  ['day and minute', [86_400, 60], 1, 48_585_000],
  ['a minute that ends and an amount that never fits', [60, 3_600], 11, undefined],
])('of %s the one that bars a call longest tells how long it waits', (_what, windows, hourly, expected) => {
  const charges = windows.map((windowS) => ({
    ...({ scope: 'grant', counter: 'c', windowS, max: 10, unit: 'calls', rule: `${windowS}` } as const),
    amount: windowS === 3_600 ? hourly : 1,
  }));
  expect(overrun(charges, () => 10, MINUTE + 15_000)?.retryAfterMs).toBe(expected);
});

test('windows begin with the UTC minute, hour and day', () => {
  const at = Date.UTC(2026, 10, 25, 10, 30, 15, 250);
  expect(windowStart(at, 60)).toBe(Date.UTC(2026, 10, 25, 10, 30));
  expect(windowStart(at, 3_600)).toBe(Date.UTC(2026, 10, 25, 10));
  expect(windowStart(at, 86_400)).toBe(Date.UTC(2026, 10, 25));
});
