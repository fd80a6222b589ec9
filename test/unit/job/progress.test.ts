import { expect, test } from 'vitest';
import type { Event } from '../../../container/protocol.ts';
import { advance, usageOfRun, withMeteredUsage } from '../../../src/job/progress.ts';
import { Progress } from '../../../src/job/record.ts';

const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0.01 };
const at = { seq: 1, at: 1_000 };

const cases: [string, Event, object][] = [
  ['the start', { ...at, kind: 'start', pid: 7, sessionId: 's1' }, { sessionId: 's1', activity: 'the CLI was started' }],
  ['the model', { ...at, kind: 'init', model: 'opus' }, { model: 'opus', activity: 'waiting for the model' }],
  [
    'MCP servers that did not connect',
    { ...at, kind: 'init', notConnected: [{ name: 'docs', reason: 'why' }] },
    { notConnected: [{ name: 'docs', reason: 'why' }] },
  ],
  ['a word', { ...at, kind: 'text', text: 'Hello\nworld' }, { activity: 'writing: Hello world' }],
  ['a tool', { ...at, kind: 'tool_start', id: 't', tool: 'Bash', input: 'npm test' }, { activity: 'Bash: npm test' }],
  [
    'a retry',
    { ...at, kind: 'retry', attempt: 2, of: 3, status: 529 },
    { activity: 'retry 2 of 3 of a model call after HTTP 529' },
  ],
  [
    'a denial',
    { ...at, kind: 'denied', denial: { tool: 'Write', input: '' } },
    { denials: [{ tool: 'Write', input: '' }], activity: 'not permitted: Write' },
  ],
  ['the cost so far', { ...at, kind: 'usage', usage }, { usage }],
  ['a stop', { ...at, kind: 'stopping', cause: 'cancel' }, { stopping: 'cancel', activity: 'being ended (cancel)' }],
];

test.each(cases)('shows %s', (_name, event, shown) => {
  expect(advance(Progress.parse({}), event)).toMatchObject({ ...shown, lastActivityAt: 1_000 });
});

test('a step that the run asks about is open until the run was told, and so is its answer', () => {
  const ask = (id: string): Event => ({ ...at, kind: 'ask', id, tool: 'Bash', input: '{"command":"ls"}' });
  const answered: Event = { ...at, kind: 'answered', ask: 'a', allowed: false, reason: 'no' };
  const two = [ask('a'), ask('b')].reduce(advance, Progress.parse({}));
  expect(two.asks.map(({ id }) => id)).toEqual(['a', 'b']);
  const told = advance({ ...two, answers: { a: { allowed: false }, b: { allowed: true } } }, answered);
  expect(told).toMatchObject({ asks: [{ id: 'b' }], answers: { b: { allowed: true } }, activity: 'not allowed: no' });
  expect(told.answers).not.toHaveProperty('a');
});

test('the last result counts, with its usage, turns and denials', () => {
  const result = (index: number): Event => ({
    ...at,
    kind: 'result',
    index,
    isError: index === 0,
    subtype: 'success',
    errors: [],
    models: [],
    denials: [],
    hasStructured: false,
    turns: index + 1,
    usage,
  });
  const progress = [result(0), result(1)].reduce(advance, Progress.parse({ denials: [{ tool: 'Bash', input: '' }] }));
  expect(progress).toMatchObject({ result: { index: 1, isError: false }, turns: 2, usage, denials: [] });
});

const few = { inputTokens: 1, outputTokens: 50, cacheReadTokens: 0, cacheWriteTokens: 0 };
const bills: [what: string, told: Progress['usage'], metered: Progress['spent'], used: Progress['usage']][] = [
  ['its CLI alone told', usage, undefined, usage],
  ['the gate alone saw', undefined, usage, usage],
  ['the gate metered, although its CLI reported less', { ...few, costUsd: 0 }, usage, usage],
  ['the gate metered, although its CLI reported more', { ...usage, costUsd: 2 }, usage, usage],
  ['the gate metered without a price, whatever its CLI reports', usage, few, few],
  ['neither knows the price of', few, few, few],
  ['the gate alone knows the price of', few, usage, usage],
  ['nobody saw', undefined, undefined, undefined],
];

test.each(bills)('a run used what %s', (_what, told, spent, used) => {
  expect(usageOfRun(Progress.parse({ usage: told, spent }))).toEqual(used);
});

const ended: Event = {
  ...at,
  ...{ kind: 'result', index: 0, isError: false, subtype: 'success', errors: [], denials: [], hasStructured: false, usage },
  models: ['claude-opus-5-5', 'claude-sonnet-5-5'],
};

test('a job shows the model that answered last, not the one that was chosen', () => {
  const events: Event[] = [
    { ...at, kind: 'init', model: 'claude-opus-5-5' },
    { ...at, kind: 'usage', usage, model: 'claude-sonnet-5-5' },
  ];
  expect(events.reduce(advance, Progress.parse({})).model).toBe('claude-sonnet-5-5');
  expect([...events.slice(0, 1), ended].reduce(advance, Progress.parse({})).model).toBe('claude-sonnet-5-5');
  expect([...events, { ...ended, models: [] }].reduce(advance, Progress.parse({})).model).toBe('claude-sonnet-5-5');
});

test('events report what the gate metered, and what the CLI reports only without it', () => {
  const told: Event = { ...at, kind: 'usage', usage };
  expect(withMeteredUsage(told, few)).toEqual({ ...told, usage: few });
  expect(withMeteredUsage(ended, few)).toEqual({ ...ended, usage: few });
  expect(withMeteredUsage(told, undefined)).toEqual(told);
});
