import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toToolError } from '../../../src/errors.ts';
import { readDocument } from '../../../src/policy/document.ts';

const document = (change: object) => ({ version: '1', default: 'deny', ...change });
const withTool = (rule: unknown) => document({ tools: { t: rule } });
const withLimit = (change: object) => withTool({ limits: [{ counter: 'c', window: 'minute', max: 1, ...change }] });
const withCondition = (condition: unknown) => withTool({ require: [condition] });
const PATTERN_OF_200 = { path: 'args.a', op: 'regex', value: 'a{200}' };

const wrong: [what: string, written: unknown, message: string][] = [
  ['invalid JSON', '{', 'the document is not valid JSON: '],
  ['a list', [], 'the document must be a JSON object, got []'],
  ['nothing', undefined, 'the document is not valid JSON: '],
  ['no version', { default: 'deny' }, 'version is missing: it must be "1"'],
  ['another version', document({ version: '2' }), 'version must be "1", got "2"'],
  ['a version that is a number', document({ version: 1 }), 'version must be "1", got 1'],
  ['no default', { version: '1' }, 'default is missing: it must be "allow" or "deny"'],
  ['another default', document({ default: 'ask' }), 'default must be "allow" or "deny", got "ask"'],
  ['an unknown field', document({ tool: {} }), 'the document: unknown field "tool"; did you mean "tools"?'],
  ['hide that is not a list', document({ hide: 't' }), 'hide must be a list of tools, got "t"'],
  ['hide with no name', document({ hide: [''] }), 'hide[0] must be the name of a tool, or a prefix and a *, got ""'],
  ['hide with a * in the middle', document({ hide: ['a*b'] }), 'hide[0] must be the name of a tool, or a prefix and a *'],
  ['hide that names a tool twice', document({ hide: ['a', 'b', 'a'] }), 'hide[2]: duplicate entry "a"; name each once'],
  ['tools that are a list', document({ tools: [] }), 'tools must be an object of tools, got []'],
  ['a tool that is not an object', withTool(true), 'tools.t must be an object of rules, got true'],
  [
    'a tool without a name',
    document({ tools: { 'a b': {} } }),
    'tools.a b must be the name of a tool, or a prefix and a *, got "a b"',
  ],
  ['an unknown field of a tool', withTool({ denyif: [] }), 'tools.t: unknown field "denyif"; did you mean "deny_if"?'],
  ['an unknown action', withTool({ action: 'ask' }), 'tools.t.action must be "allow", "deny" or "require_approval", got "ask"'],
  ['a reason that is not text', withTool({ action: 'deny', reason: 1 }), 'tools.t.reason must be a text, got 1'],
  ['conditions that are not a list', withTool({ require: {} }), 'tools.t.require must be a list of conditions, got {}'],
  [
    'a condition that is not an object',
    withCondition('x'),
    'tools.t.require[0] must be an object of path, op and value, got "x"',
  ],
  [
    'an unknown operator',
    withCondition({ path: 'args.a', op: 'matches', value: 1 }),
    'tools.t.require[0].op: unknown operator "matches"; use one of eq, neq, in, not_in, lt, lte, gt, gte, regex, contains, not_within, exists',
  ],
  [
    'no operator',
    withCondition({ path: 'args.a', value: 1 }),
    'tools.t.require[0].op: unknown operator undefined; use one of eq',
  ],
  [
    'in without a list',
    withCondition({ path: 'args.a', op: 'in', value: 'x' }),
    'tools.t.require[0]: operator "in" requires a list, got "x"',
  ],
  [
    'not_in without a list',
    withCondition({ path: 'args.a', op: 'not_in', value: {} }),
    'tools.t.require[0]: operator "not_in" requires a list, got {}',
  ],
  ['lt without a number', withCondition({ path: 'args.a', op: 'lt', value: '3' }), 'operator "lt" requires a number, got "3"'],
  [
    'gte without a number',
    withCondition({ path: 'args.a', op: 'gte', value: null }),
    'operator "gte" requires a number, got null',
  ],
  [
    'exists without a boolean',
    withCondition({ path: 'args.a', op: 'exists', value: 1 }),
    'operator "exists" requires true or false, got 1',
  ],
  ['eq without a value', withCondition({ path: 'args.a', op: 'eq' }), 'operator "eq" requires a value, got undefined'],
  [
    'regex without text',
    withCondition({ path: 'args.a', op: 'regex', value: 1 }),
    'operator "regex" requires a pattern as text, got 1',
  ],
  [
    'a broken pattern',
    withCondition({ path: 'args.a', op: 'regex', value: '(' }),
    'tools.t.require[0]: the pattern "(" cannot be used: missing closing )',
  ],
  [
    'a pattern that looks around',
    withCondition({ path: 'args.a', op: 'regex', value: '(?=a)' }),
    'cannot be used: invalid or unsupported',
  ],
  [
    'a pattern that refers back',
    withCondition({ path: 'args.a', op: 'regex', value: '(a)\\1' }),
    'cannot be used: invalid escape sequence',
  ],
  [
    'a pattern that is too long',
    withCondition({ path: 'args.a', op: 'regex', value: 'a'.repeat(501) }),
    'cannot be used: has 501 characters, limit 500',
  ],
  [
    'a pattern that grows',
    withCondition({ path: 'args.a', op: 'regex', value: '(a{1,30}){1,30}' }),
    'instructions, limit 250: use fewer repetitions',
  ],
  [
    'patterns that are large together',
    withTool({ deny_if: Array.from({ length: 6 }, () => PATTERN_OF_200) }),
    'tools.t has patterns of 1212 instructions together, limit 500: use fewer or shorter ones',
  ],
  [
    'patterns that are large in the whole document',
    document({ tools: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`t${i}`, { deny_if: [PATTERN_OF_200] }])) }),
    'the patterns compile to more than 20000 instructions together',
  ],
  [
    'a pattern that is large beyond measure',
    withCondition({ path: 'args.a', op: 'regex', value: '\\pL{1000}'.repeat(45) }),
    'the patterns compile to more than 20000 instructions together',
  ],
  [
    'a path outside the arguments',
    withCondition({ path: 'state.x', op: 'eq', value: 1 }),
    'tools.t.require[0].path must be "args." and the name of an argument, or "job.own", got "state.x"',
  ],
  [
    'an unknown field of a condition',
    withCondition({ path: 'args.a', op: 'eq', val: 1 }),
    'tools.t.require[0]: unknown field "val"; did you mean "value"?',
  ],
  ['limits that are not a list', withTool({ limits: {} }), 'tools.t.limits must be a list of limits, got {}'],
  ['a limit without a counter', withLimit({ counter: undefined }), 'tools.t.limits[0].counter is missing: it must be a name'],
  ['an unknown window', withLimit({ window: 'week' }), 'tools.t.limits[0].window must be "minute", "hour" or "day", got "week"'],
  ['a maximum that is not a number', withLimit({ max: '10' }), 'tools.t.limits[0].max must be a number from 0, got "10"'],
  ['a maximum below zero', withLimit({ max: -1 }), 'tools.t.limits[0].max must be a number from 0, got -1'],
  ['an unknown scope', withLimit({ scope: 'team' }), 'tools.t.limits[0].scope must be "grant" or "account", got "team"'],
  [
    'an unknown source',
    withLimit({ increment_from: 'cost' }),
    'tools.t.limits[0].increment_from must be "args." and the name of an argument, "usage.costUsd", "usage.totalTokens" or "runtimeSeconds", got "cost"',
  ],
  ['an unknown field of a limit', withLimit({ windw: 1 }), 'tools.t.limits[0]: unknown field "windw"; did you mean "window"?'],
  [
    'an unknown field of all tools',
    document({ all_tools: { limit: [] } }),
    'all_tools: unknown field "limit"; did you mean "limits"?',
  ],
  [
    'a rate of another window',
    withTool({ rate_limit: { max: 1, window: 'minute' } }),
    'tools.t.rate_limit.window must be whole seconds from 1',
  ],
  ['a rate of no window', withTool({ rate_limit: { max: 1 } }), 'tools.t.rate_limit.window is missing: it must be whole seconds'],
  ['half a job', withTool({ max_running: 0.5 }), 'tools.t.max_running must be a whole number from 0, got 0.5'],
  ['a document that is too long', document({ tools: { t: { reason: 'x'.repeat(300_000) } } }), 'limit 262144'],
];

test.each(wrong)('%s is refused with its place, what was found and what would be right', (_what, written, message) => {
  const read = readDocument(written);
  expect(read.ok ? read.value : toToolError(read.failure).message).toContain(message);
});

test('all mistakes are reported at once, each once, up to a limit', () => {
  const read = readDocument(document({ version: '3', hide: Array.from({ length: 40 }, () => 1), default: 1 }));
  const issues = read.ok || read.failure.code !== 'invalid_input' ? [] : read.failure.issues;
  expect(issues[0]).toBe('version must be "1", got "3".');
  expect(issues).toHaveLength(21);
  expect(issues.at(-1)).toMatch(/^and \d+ more\.$/);
});

test('a document may come as text or as JSON, and absent parts have their defaults', () => {
  const written = { version: '1', default: 'deny', tools: { 'grok_*': { limits: [{ counter: 'c', window: 'day', max: 5 }] } } };
  const read = readDocument(written);
  expect(readDocument(JSON.stringify(written))).toEqual(read);
  expect(read).toMatchObject({
    ok: true,
    value: {
      hide: [],
      all_tools: { limits: [] },
      tools: { 'grok_*': { require: [], deny_if: [], require_approval_if: [], limits: [{ scope: 'grant' }] } },
    },
  });
});

test('the example of the README is a document', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../src/policy/README.md'), 'utf8');
  const [, example = ''] = /```json\n(.*?)```/s.exec(readme) ?? [];
  expect(readDocument(example)).toMatchObject({ ok: true, value: { tools: { 'llm_job_*': {} } } });
});
