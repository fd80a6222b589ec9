import { expect, test } from 'vitest';
import { answer, ended, jobOf, say, specOf, submit, textOf } from './helpers/jobs.ts';

const good: [string, Parameters<typeof specOf>[0], Record<string, number>][] = [
  ['exit 1', [answer('yes'), { exit: 1 }], {}],
  ['more lines', [answer('yes'), { write: 'Warning: x\n{"type":"system"}\n' }, { exit: 143 }], {}],
  ['a CLI that stays alive', [answer('yes'), { stay: true }], { resultGraceMs: 100 }],
  ['silence', [answer('yes'), { stay: true }], { idleTimeoutMs: 2_000 }],
  ['a long run', [answer('yes'), { chatter: '.\n' }], { runTimeoutMs: 2_500 }],
  [
    'too much output',
    [answer('yes'), { flood: { text: 'x'.repeat(1_000), times: 100 } }, { stay: true }],
    { outputCapBytes: 2_000 },
  ],
];

test.each(good)('an answer that is followed by %s is a completed job', async (_name, steps, limits) => {
  const spec = specOf(steps);
  await submit({ ...spec, limits: { ...spec.limits, ...limits } });
  expect(await ended(spec)).toMatchObject({ state: 'completed', reason: 'answered', error: undefined });
  expect(await textOf(spec, 'answer')).toBe('yes');
});

test('an answer that is stored outlives its executor, and a cancel', async () => {
  const [lost, canceled] = [specOf([answer('yes'), { stay: true }]), specOf([answer('yes'), { stay: true }])];
  for (const spec of [lost, canceled]) {
    await submit(spec);
    await jobOf(spec).wait(1, 1, 10_000);
  }
  await jobOf(lost).orphan('The container stopped.');
  expect(await ended(lost)).toMatchObject({ state: 'completed', reason: 'answered' });
  await jobOf(canceled).cancel();
  expect(await ended(canceled)).toMatchObject({ state: 'canceled', reason: 'cancel' });
  for (const spec of [lost, canceled]) expect(await textOf(spec, 'answer')).toBe('yes');
});

const result = (index: number, change: object = {}) => ({
  ...{ kind: 'result', index, isError: false, subtype: 'success', errors: [], models: [], denials: [], hasStructured: false },
  ...change,
});
const part = (index: number, text: string) => ({ kind: 'answer', index, part: 'text', text });
const text = (words: string) => ({ kind: 'text', text: words });
const tool = [
  { kind: 'tool_start', id: 't', tool: 'Bash', input: '{}' },
  { kind: 'tool_end', id: 't', isError: false, output: 'hi' },
];

const kept: [string, object[], string][] = [
  [
    'a turn about a task that ended',
    [part(0, 'THE REPORT'), result(0), part(1, 'Noted.'), result(1, { isSelfStarted: true })],
    'THE REPORT',
  ],
  [
    'a failing turn of the CLI',
    [part(0, 'THE REPORT'), result(0), result(1, { isError: true, subtype: 'error_during_execution' })],
    'THE REPORT',
  ],
  [
    'a failing turn about a task that ended',
    [part(0, 'THE REPORT'), result(0), part(1, 'API Error'), result(1, { isError: true, isSelfStarted: true })],
    'THE REPORT',
  ],
  [
    'several turns about tasks that ended',
    [
      part(0, 'THE REPORT'),
      result(0),
      ...[1, 2].flatMap((index) => [part(index, 'Noted.'), result(index, { isSelfStarted: true })]),
    ],
    'THE REPORT',
  ],
  ['a turn after an error', [result(0, { isError: true }), part(1, 'Better.'), result(1)], 'Better.'],
  ['an empty last message', [text('Let me see. '), ...tool, text('THE '), text('HAIKU'), ...tool, result(0)], 'THE HAIKU'],
  [
    'an empty answer and a turn of the CLI',
    [text('THE HAIKU'), ...tool, result(0), text('Noted.'), result(1, { isSelfStarted: true })],
    'THE HAIKU',
  ],
  ['a blank answer', [text('\n'), text('THE HAIKU'), ...tool, text('\n\n'), part(0, '\n\n'), result(0)], 'THE HAIKU'],
];

test.each(kept)('the answer is not lost to %s', async (_name, items, expected) => {
  const spec = specOf([say(...items)]);
  await submit(spec);
  expect(await ended(spec)).toMatchObject({ state: 'completed', reason: 'answered' });
  expect(await textOf(spec, 'answer')).toBe(expected);
});

test('structured output is not lost to a turn of the CLI', async () => {
  const structured = { kind: 'answer', index: 0, part: 'structured', text: '{"ok":true}' };
  const later = [part(1, 'Noted.'), result(1, { isSelfStarted: true })];
  const spec = specOf([say(structured, result(0, { hasStructured: true }), ...later)]);
  await submit(spec);
  expect(await ended(spec)).toMatchObject({ state: 'completed' });
  expect(await jobOf(spec).text('answer', 0, 100)).toMatchObject({ value: { structured: '{"ok":true}' } });
});

test('the text before a failure is its partial answer, and tools that ran make a retry pointless', async () => {
  const failure = result(0, { isError: true, subtype: 'error_during_execution' });
  const spec = specOf([say(text('Half of it.'), ...tool, part(0, 'API Error: 529'), failure)]);
  await submit(spec);
  expect(await ended(spec)).toMatchObject({
    state: 'failed',
    error: { retryable: false, message: expect.stringMatching(/API Error: 529.*continue with the session/) },
  });
  const page = { page: { text: 'Half of it.', total: 11 }, source: 'partial' };
  expect(await jobOf(spec).text('answer', 0, 100)).toMatchObject({ value: page });
});

test('a CLI that printed text and no result is quoted', async () => {
  const spec = specOf([{ write: '{"type":"system"}\nError: Reached max turns (3)\n' }, { exit: 1 }]);
  await submit(spec);
  expect((await ended(spec)).error?.message).toBe(
    'The CLI ended with exit code 1 and without a result. It reported: Error: Reached max turns (3)',
  );
});

test('a job names the MCP servers that its run does without', async () => {
  const notConnected = [{ name: 'docs', reason: 'it did not answer in time' }];
  const spec = specOf([say({ kind: 'init', model: 'm', notConnected }), answer('yes')]);
  await submit(spec);
  expect(await ended(spec)).toMatchObject({ state: 'completed', notConnected });
  expect(await jobOf(spec).status(0, 10)).toMatchObject({
    value: { events: expect.arrayContaining([expect.objectContaining({ notConnected })]) },
  });
});

test('a job names the options that have no effect', async () => {
  const spec = specOf([answer('yes')], { provider: 'claude', options: { addDir: ['sub'], maxTurns: 1 } });
  await submit(spec);
  const status = await jobOf(spec).status(0, 0);
  expect(status).toMatchObject({ value: { job: { ignored: [{ option: 'addDir', reason: expect.any(String) }] } } });
});
