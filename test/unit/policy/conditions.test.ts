import { expect, test } from 'vitest';
import { evaluate } from '../../../src/policy/evaluate.ts';
import { policyOf } from './policies.ts';

const ARGS = {
  model: 'sonnet',
  turns: 3,
  zero: 0,
  yes: true,
  no: false,
  nothing: null,
  empty: '',
  tools: ['Bash', 'Read', { name: 'x' }],
  parts: { task: 'Fix it', deep: { er: [1, 2] } },
  prompt: 'line one\nrm -rf /\n',
};

type Row = [path: string, op: string, value: unknown, holds: boolean];

const rows: Row[] = [
  ['model', 'eq', 'sonnet', true],
  ['model', 'eq', 'Sonnet', false],
  ['turns', 'eq', '3', false],
  ['nothing', 'eq', null, true],
  ['absent', 'eq', null, false],
  ['tools', 'eq', ['Bash', 'Read', { name: 'x' }], true],
  ['tools', 'eq', ['Read', 'Bash', { name: 'x' }], false],
  ['parts.deep', 'eq', { er: [1, 2] }, true],
  ['model', 'neq', 'opus', true],
  ['model', 'neq', 'sonnet', false],
  ['absent', 'neq', 'opus', true],
  ['model', 'in', ['sonnet', 'haiku'], true],
  ['model', 'in', ['opus'], false],
  ['model', 'in', [], false],
  ['absent', 'in', ['sonnet'], false],
  ['parts.deep', 'in', [{ er: [1, 2] }], true],
  ['model', 'not_in', ['opus'], true],
  ['model', 'not_in', ['sonnet'], false],
  ['absent', 'not_in', ['sonnet'], true],
  ['tools', 'not_within', ['Read'], true],
  ['tools', 'not_within', ['Read', 'Bash', { name: 'x' }, 'more'], false],
  ['model', 'not_within', ['sonnet'], true],
  ['absent', 'not_within', [], false],
  ['turns', 'lt', 4, true],
  ['turns', 'lt', 3, false],
  ['turns', 'lte', 3, true],
  ['turns', 'lte', 2.9, false],
  ['turns', 'gt', 2, true],
  ['turns', 'gt', 3, false],
  ['turns', 'gte', 3, true],
  ['turns', 'gte', 4, false],
  ['model', 'gt', 0, false],
  ['absent', 'lt', 10, false],
  ['nothing', 'lte', 0, false],
  ['model', 'regex', '^son', true],
  ['model', 'regex', 'onne', true],
  ['model', 'regex', '^onne', false],
  ['model', 'regex', '(?i)^SONNET$', true],
  ['prompt', 'regex', '(?m)^rm -rf', true],
  ['turns', 'regex', '3', false],
  ['absent', 'regex', '.*', false],
  ['model', 'contains', 'nne', true],
  ['model', 'contains', 'xyz', false],
  ['model', 'contains', 1, false],
  ['tools', 'contains', 'Read', true],
  ['tools', 'contains', 'Rea', false],
  ['tools', 'contains', { name: 'x' }, true],
  ['turns', 'contains', 3, false],
  ['absent', 'contains', 'x', false],
  ['model', 'exists', true, true],
  ['model', 'exists', false, false],
  ['absent', 'exists', true, false],
  ['absent', 'exists', false, true],
  ['nothing', 'exists', true, true],
  ['empty', 'exists', true, true],
  ['no', 'exists', true, true],
  ['parts.task', 'eq', 'Fix it', true],
  ['parts.deep.er.1', 'eq', 2, true],
  ['parts.deep.er.2', 'exists', false, true],
  ['model.length', 'exists', false, true],
  ['constructor', 'exists', false, true],
  ['parts.__proto__', 'exists', false, true],
];

const verdictOf = (
  list: 'require' | 'deny_if' | 'require_approval_if',
  condition: object,
  args: Record<string, unknown> = ARGS,
  own?: boolean,
) =>
  evaluate(policyOf(JSON.parse(JSON.stringify({ version: '1', default: 'deny', tools: { t: { [list]: [condition] } } }))), {
    tool: 't',
    args,
    job: { own },
  });

test.each(rows)('args.%s %s %j: %s', (path, op, value, holds) => {
  const condition = { path: `args.${path}`, op, value };
  const required = verdictOf('require', condition);
  const denying = verdictOf('deny_if', condition);
  const asking = verdictOf('require_approval_if', condition);
  expect({ required: required.kind, denying: denying.kind }).toEqual({
    required: holds ? 'pass' : 'deny',
    denying: holds ? 'deny' : 'pass',
  });
  expect(asking).toMatchObject({ kind: 'pass', approvals: holds ? [{ rule: 'tools.t.require_approval_if[0]' }] : [] });
});

test('a text that is too long for a pattern is refused by require and deny_if, and asked about by require_approval_if', () => {
  const args = { prompt: 'x'.repeat(65_537) };
  const condition = { path: 'args.prompt', op: 'regex', value: 'y' };
  expect(verdictOf('require', condition, args)).toMatchObject({ kind: 'deny', reason: expect.stringContaining('too long') });
  expect(verdictOf('deny_if', condition, args)).toMatchObject({ kind: 'deny', reason: expect.stringContaining('too long') });
  expect(verdictOf('require_approval_if', condition, args)).toMatchObject({
    approvals: [{ rule: 'tools.t.require_approval_if[0]' }],
  });
  expect(verdictOf('deny_if', condition, { prompt: 'x'.repeat(65_536) })).toMatchObject({ kind: 'pass' });
});

test.each([
  { own: true, kinds: ['pass', 'pass'] },
  { own: false, kinds: ['deny', 'deny'] },
  { own: undefined, kinds: ['deny', 'pass'] },
])('whether a job is the own one of a connection is a fact of its own, which no argument can pretend: $own', ({ own, kinds }) => {
  const pretending = { own: true, job: { own: true } };
  const required = verdictOf('require', { path: 'job.own', op: 'eq', value: true }, pretending, own);
  const denying = verdictOf('deny_if', { path: 'job.own', op: 'eq', value: false }, pretending, own);
  expect([required.kind, denying.kind]).toEqual(kinds);
});
