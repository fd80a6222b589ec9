import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OPERATORS } from '../../../src/policy/condition.ts';
import type { PolicyInput } from '../../../src/policy/document.ts';
import { evaluate } from '../../../src/policy/evaluate.ts';
import { policyOf } from './policies.ts';

const tools = ['a_read', 'a_run', 'b_run', 'b'];
const toolName = fc.constantFrom(...tools, 'a_*', '*', 'b*', 'a_r*');
const scalar = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('x', 'y', 'xy'), fc.boolean());
const args = fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { maxKeys: 3 });

const VALUE = {
  in: fc.array(scalar),
  not_in: fc.array(scalar),
  not_within: fc.array(scalar),
  lt: fc.integer(),
  lte: fc.integer(),
  gt: fc.integer(),
  gte: fc.integer(),
  regex: fc.constantFrom('x', '^y', 'x*y', '.'),
  exists: fc.boolean(),
  eq: scalar,
  neq: scalar,
  contains: scalar,
} satisfies Record<keyof typeof OPERATORS, fc.Arbitrary<unknown>>;
const operator = fc.constantFrom(
  'in',
  'not_in',
  'not_within',
  'lt',
  'lte',
  'gt',
  'gte',
  'regex',
  'exists',
  'eq',
  'neq',
  'contains',
) satisfies fc.Arbitrary<keyof typeof OPERATORS>;
const condition = operator.chain((op) =>
  fc.record({ path: fc.constantFrom('args.p', 'args.q', 'args.r'), op: fc.constant(op), value: VALUE[op] }),
);
const limit = fc.record({
  counter: fc.constantFrom('c', 'd'),
  window: fc.constantFrom('minute', 'hour', 'day'),
  max: fc.nat(5),
  scope: fc.constantFrom('grant', 'account'),
});
const rule = fc.record(
  {
    action: fc.constantFrom('allow', 'deny', 'require_approval'),
    require: fc.array(condition, { maxLength: 2 }),
    deny_if: fc.array(condition, { maxLength: 2 }),
    require_approval_if: fc.array(condition, { maxLength: 2 }),
    limits: fc.array(limit, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const document: fc.Arbitrary<PolicyInput> = fc.record({
  version: fc.constant('1'),
  default: fc.constantFrom('allow', 'deny'),
  hide: fc.uniqueArray(toolName, { maxLength: 1 }),
  all_tools: fc.record({ limits: fc.array(limit, { maxLength: 2 }) }),
  tools: fc.dictionary(toolName, rule, { maxKeys: 5 }),
});
const call = fc.record({ tool: fc.constantFrom(...tools), args });

const reversed = (written: PolicyInput): PolicyInput => ({
  ...written,
  hide: written.hide?.toReversed(),
  all_tools: { limits: written.all_tools?.limits?.toReversed() },
  tools: Object.fromEntries(
    Object.entries(written.tools ?? {})
      .toReversed()
      .map(([name, rules]) => [
        name,
        Object.fromEntries(Object.entries(rules).map(([key, value]) => [key, Array.isArray(value) ? value.toReversed() : value])),
      ]),
  ),
});

/** A verdict without the places of its rules, which are places in the document. */
function substance(written: PolicyInput, ask: { tool: string; args: Record<string, unknown> }) {
  const verdict = evaluate(policyOf(written), ask);
  if (verdict.kind !== 'pass') return { kind: verdict.kind };
  const charges = verdict.charges.map(({ rule: _rule, ...charge }) => JSON.stringify(charge)).sort();
  return { kind: 'pass', asks: verdict.approvals.length > 0, charges };
}

test('the order of rules changes no verdict', () => {
  fc.assert(
    fc.property(document, call, (written, ask) => {
      expect(substance(reversed(written), ask)).toEqual(substance(written, ask));
    }),
  );
});

const isListed = (written: PolicyInput, tool: string) =>
  Object.keys(written.tools ?? {}).some((name) => (name.endsWith('*') ? tool.startsWith(name.slice(0, -1)) : name === tool));

test('default deny admits no tool that is not listed, and a hidden tool is admitted by nothing', () => {
  fc.assert(
    fc.property(document, call, (written, ask) => {
      const { kind } = evaluate(policyOf({ ...written, default: 'deny' }), ask);
      if (!isListed(written, ask.tool)) expect(kind).not.toBe('pass');
      expect(evaluate(policyOf({ ...written, hide: [ask.tool] }), ask).kind).toBe('hide');
    }),
  );
});
