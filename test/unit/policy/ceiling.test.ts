import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateWithin, withinCeiling } from '../../../src/policy/ceiling.ts';
import type { PolicyInput } from '../../../src/policy/document.ts';
import { PRESETS } from '../../../src/policy/presets.ts';
import { policyOf } from './policies.ts';

const CLAUDE = 'claude_request';
const own = (policy: Partial<PolicyInput>) =>
  withinCeiling(policyOf({ version: '1', default: 'allow', ...policy }), PRESETS.careful.policy);
const judge = (policy: Partial<PolicyInput>, tool: string, args: Record<string, unknown> = {}) =>
  evaluateWithin(own(policy), { tool, args });

test('the widest policy allows no more than its ceiling', () => {
  expect(judge({}, CLAUDE, { permissionMode: 'bypassPermissions' })).toMatchObject({ kind: 'deny' });
  expect(judge({}, 'an_unlisted_tool')).toMatchObject({
    kind: 'deny',
    reason: 'this tool is not listed, and unlisted tools are denied',
  });
  expect(judge({}, 'policy_set')).toMatchObject({ kind: 'pass', approvals: [{ rule: 'ceiling.tools.policy_set.action' }] });
});

test('a policy may be narrower than its ceiling', () => {
  expect(judge({ tools: { [CLAUDE]: { action: 'deny', reason: 'no' } } }, CLAUDE)).toMatchObject({
    kind: 'deny',
    rule: `tools.${CLAUDE}.action`,
    reason: 'no',
  });
  expect(judge({ hide: [CLAUDE] }, CLAUDE)).toMatchObject({ kind: 'hide' });
  expect(judge({ default: 'deny', tools: {} }, CLAUDE)).toMatchObject({ kind: 'deny' });
});

test('limits of the policy and of its ceiling count apart, and each binds', () => {
  const limits = [{ counter: 'requests', window: 'minute', max: 3, scope: 'grant' } as const];
  const verdict = judge({ tools: { [CLAUDE]: { limits } } }, CLAUDE);
  expect(verdict.kind === 'pass' && verdict.charges.map(({ counter, max }) => [counter, max])).toEqual([
    ['requests', 3],
    ['ceiling requests', 10],
  ]);
});

const action = fc.constantFrom('allow', 'deny', 'require_approval');
const document = fc.record({
  default: fc.constantFrom('allow', 'deny'),
  tools: fc.dictionary(fc.constantFrom('a', 'b', 'c', '*'), fc.record({ action })),
  hide: fc.subarray(['a', 'b']),
});
const rank = (input: PolicyInput | undefined, tool: string, ceiling?: PolicyInput) => {
  const policy = policyOf(input ?? { version: '1', default: 'allow' });
  const verdict = evaluateWithin(ceiling ? withinCeiling(policy, policyOf(ceiling)) : policy, { tool, args: {} });
  return ['hide', 'deny', 'pass'].indexOf(verdict.kind) * 2 + (verdict.kind === 'pass' && verdict.approvals.length === 0 ? 1 : 0);
};

test('within a ceiling a call is judged as the stricter of the two judges it', () => {
  fc.assert(
    fc.property(document, document, fc.constantFrom('a', 'b', 'c', 'd'), (one, other, tool) => {
      const [policy, ceiling] = [one, other].map((written): PolicyInput => ({ version: '1', ...written }));
      expect(rank(policy, tool, ceiling)).toBe(Math.min(rank(policy, tool), rank(ceiling, tool)));
    }),
    { seed: 20_261_201 },
  );
});
