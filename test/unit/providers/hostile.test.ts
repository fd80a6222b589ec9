import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Event, Item } from '../../../container/protocol.ts';
import { jsonValuesOf, parsedJson } from '../../../container/providers/json.ts';
import { addUsage, NO_USAGE } from '../../../container/providers/usage.ts';
import { outcome } from '../../../src/job/outcome.ts';
import { advance, totalTokens, usageOfRun } from '../../../src/job/progress.ts';
import { Ending, Progress } from '../../../src/job/record.ts';
import { gist, linesOf, read, SAMPLES } from './transcripts.ts';

const reread = <T extends z.ZodType>(type: T, value: z.infer<T>): z.infer<T> => type.parse(JSON.parse(JSON.stringify(value)));

/** What a job stores of a run that printed these lines and then exited with 0. Throws if the row would not be readable. */
function storedOf(provider: string, lines: string[]) {
  const items = read(provider, lines).map((item) => Item.parse(JSON.parse(JSON.stringify(item))));
  const events = items.map((item, index): Event => ({ seq: index + 1, at: index, ...item }));
  const progress = reread(Progress, events.reduce(advance, Progress.parse({})));
  const { result, said, usage, toolCalls = 0 } = progress;
  const { answer, structured } = gist(items);
  const end = outcome({
    exit: { cause: 'exit', code: 0, signal: null },
    ...{ result, answer, provider, printed: '', wantsStructured: false, now: 0 },
    structuredChars: structured.length,
    hasSaid: said?.last !== undefined,
    hasRunTool: toolCalls > 0,
    hasCalledModel: usage !== undefined,
  });
  return { ending: reread(Ending, end), progress, bytes: Buffer.byteLength(JSON.stringify(progress)) };
}

const success = { type: 'result', subtype: 'success', is_error: false, result: 'It is done.', session_id: 's' };
const SUCCESS = JSON.stringify(success);

test.each([
  ['constructor as its subtype', { subtype: 'constructor', is_error: true }],
  ['toString as its stop reason', { subtype: 'error', is_error: true, stop_reason: 'toString', terminal_reason: 'valueOf' }],
  ['__proto__ as its error', { subtype: 'error_during_execution', is_error: true, errors: ['__proto__'] }],
  ['constructor as its error', { subtype: 'error_during_execution', is_error: true, errors: ['constructor: x', null, 7, {}] }],
  ['no is_error', { is_error: undefined }],
  ['null as is_error', { is_error: null }],
  ['a text as is_error', { is_error: 'true' }],
  ['"false" as is_error', { is_error: 'false' }],
  ['no subtype', { subtype: undefined }],
  ['a list as its subtype', { subtype: ['success'] }],
  ['an unknown subtype', { subtype: 'partial_success' }],
  ['an error as its subtype, and no is_error', { subtype: 'error_max_turns' }],
  ['an API error', { is_error: true, api_error_status: 529 }],
])('a result with %s is a failure, and the row stays readable', (_what, change) => {
  for (const provider of ['claude', 'grok'])
    expect(storedOf(provider, [JSON.stringify({ ...success, ...change })]).ending).toMatchObject({
      state: 'failed',
      error: { code: expect.stringMatching(/^[a-z_]+$/) },
    });
});

test.each([Number.MAX_SAFE_INTEGER, 2 ** 53, 1e300])('counts of %d tokens and USD leave a readable row', (count) => {
  const model = { inputTokens: count, outputTokens: count, cacheReadInputTokens: count, costUSD: count * 1e8 };
  const usage = { input_tokens: count, output_tokens: count, cache_read_input_tokens: count, cache_creation_input_tokens: count };
  const message = (id: string) => JSON.stringify({ type: 'assistant', message: { id, usage, content: [] } });
  const line = JSON.stringify({
    ...success,
    usage,
    total_cost_usd: count * 1e8,
    modelUsage: { a: model, b: model, ['__proto__']: model },
  });
  const { ending, progress } = storedOf('claude', [message('1'), message('2'), line]);
  expect(ending.state).toBe('completed');
  expect(totalTokens(usageOfRun(progress))).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});

test('a sum of usages ends at the largest safe integer', () => {
  const most = { ...NO_USAGE, inputTokens: Number.MAX_SAFE_INTEGER, costUsd: Number.MAX_VALUE };
  expect(addUsage(most, most)).toMatchObject({ inputTokens: Number.MAX_SAFE_INTEGER, costUsd: Number.MAX_SAFE_INTEGER });
});

test.each([
  ['a color before it', `\u001b[32m${SUCCESS}\u001b[0m`],
  ['a warning before it', `Warning: {no JSON} here ${SUCCESS}`],
  ['a byte order mark before it', `\ufeff${SUCCESS}`],
  ['another object before it', `{"type":"system","subtype":"init","model":"opus"}${SUCCESS}`],
  ['another object behind it', `${SUCCESS} {"type":"system"}`],
  ['a quoted brace before it', `{"type":"log","text":"} { \\" "} ${SUCCESS}`],
])('a result with %s on its line is read', (_what, line) => {
  for (const provider of ['claude', 'grok'])
    expect(gist(read(provider, [line]))).toMatchObject({ verdict: 'success', answer: 'It is done.' });
});

test.each([
  ['the input of a tool', `{"type":"assistant","message":{"content":[{"type":"tool_use","id":"1","name":"x","input":${SUCCESS}`],
  ['a text', `{"type":"assistant","message":{"content":[{"type":"text","text":${JSON.stringify(SUCCESS)}`],
])('a result inside %s of a line that was cut off is not read', (_what, line) => {
  expect(storedOf('claude', [line]).ending).toMatchObject({ state: 'failed', error: { code: 'no_result' } });
});

test('long names and long lists leave a row of less than 2 MB', () => {
  const long = '漢'.repeat(20_000);
  const denied = (id: number) =>
    JSON.stringify({ type: 'system', subtype: 'permission_denied', tool_use_id: `${id}`, tool_name: long, message: long });
  const denials = Array.from({ length: 200 }, (_, id) => denied(id));
  const many = Array.from({ length: 200 }, () => long.slice(0, 3_000));
  const line = JSON.stringify({
    ...{ ...success, subtype: long, stop_reason: long, terminal_reason: long, session_id: long, errors: many },
    modelUsage: Object.fromEntries(many.map((name, index) => [`${index}${name}`, {}])),
    permission_denials: many.map((tool_name) => ({ tool_name, tool_input: long })),
  });
  const init = JSON.stringify({ type: 'system', subtype: 'init', model: long, session_id: long });
  expect(storedOf('claude', [init, ...denials, line]).bytes).toBeLessThan(2_000_000);
});

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test.each(['claude', 'grok'])('an answer of %s is not lost to structured output that nests too deep', (provider) => {
  for (const levels of [1_000, 10_000, 200_000]) {
    const line = SUCCESS.replace('{', `{"structured_output":${deep(levels)},`);
    const { ending, progress } = storedOf(provider, [line]);
    expect(ending.state).toBe('completed');
    expect(progress.result?.hasStructured).toBe(false);
  }
  const line = SUCCESS.replace('{', `{"structured_output":${deep(400)},`);
  expect(gist(read(provider, [line]))).toMatchObject({ structured: deep(400) });
});

test('an answer of 5 MB in one line is whole, and the row stays small', () => {
  const result = 'é"\\\ud83d\ude00'.repeat(1_000_000);
  const line = JSON.stringify({ ...success, result });
  expect(gist(read('claude', [line])).answer).toBe(result);
  expect(storedOf('claude', [line]).bytes).toBeLessThan(10_000);
});

/** JSON that JSON.stringify never writes: numbers out of range, half characters, NUL, deep nesting, and keys that come twice. */
const RAW = [
  ...['1e400', '-1e400', '1e-400', '-0', '-7', '123456789012345678901234567890', '"\\ud800"', '"\\u0000"'],
  ...[deep(10_000), '{"a":1,"a":2}', '1,"type":"result"', '1,"is_error":false', 'null,"subtype":"success"', '"x","__proto__":{}'],
];

/** Values that programs trip over. */
const VALUES: unknown[] = [
  ...RAW.map((_, index) => `raw:${index}`),
  ...['12', '1e400', 'NaN', 'Infinity', '\u0000', -7],
  ...['constructor', '__proto__', 'toString', 'success', 'true', '', '\ud83d', 'x'.repeat(5_000)],
  ...[null, true, false, 0, -1, 1.5, 2 ** 53, Number.MAX_VALUE, [], {}, [null], JSON.parse('{"__proto__":null,"constructor":1}')],
];
const NAMES = [
  'subtype',
  'is_error',
  'errors',
  'usage',
  'modelUsage',
  'result',
  'type',
  'message',
  'api_error_status',
  'permission_denials',
];

const place = fc.nat(10_000);
const Change = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    line: place,
    name: fc.constantFrom(...NAMES),
    at: place,
    value: fc.constantFrom(...VALUES),
  }),
  fc.record({
    kind: fc.constantFrom('cut' as const, 'drop' as const, 'repeat' as const, 'glue' as const, 'color' as const),
    line: place,
    at: place,
  }),
);
type Change = typeof Change extends fc.Arbitrary<infer T> ? T : never;

/** Replaces the field `name`, or the `at`th value, of an object. */
function replaced(line: string, { name, at, value }: Extract<Change, { kind: 'set' }>): string {
  let seen = 0;
  const count = line.split(':').length;
  return JSON.stringify(
    JSON.parse(line, (key, old) => {
      seen += 1;
      return key === name || seen === 1 + (at % count) ? value : old;
    }),
  ).replace(/"raw:(\d+)"/g, (_, index) => RAW[Number(index)] ?? '');
}

const isObject = (line: string) => line.startsWith('{') && parsedJson(line) !== undefined && !line.includes(deep(10_000));

function changed(lines: string[], change: Change): string[] {
  if (lines.length === 0) return lines;
  const index = change.line % lines.length;
  const line = lines[index] ?? '';
  const next = lines[index + 1] ?? '';
  switch (change.kind) {
    case 'set':
      return lines.with(index, isObject(line) ? replaced(line, change) : line);
    case 'cut':
      return lines.with(index, line.slice(0, change.at % (line.length + 1)));
    case 'drop':
      return lines.toSpliced(index, 1);
    case 'repeat':
      return lines.toSpliced(index, 0, line);
    case 'glue':
      return lines.toSpliced(index, 2, line + next);
    case 'color':
      return lines.with(index, `\u001b[31mWarning: ${line}`);
    default:
      return change satisfies never;
  }
}

const Success = z.object({ type: z.literal('result'), subtype: z.literal('success'), is_error: z.literal(false) });

const transcripts = ['claude', 'grok'].flatMap((provider) =>
  readdirSync(join(SAMPLES, provider))
    .map((file) => ({ provider, lines: linesOf(provider, file.replace('.ndjson', '')) }))
    .filter(({ lines }) => lines.some((line) => line.includes('"type":"result"'))),
);

test('changed transcripts never break the reader or the row, and only a clear success completes a job', () => {
  const changes = fc.array(Change, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...transcripts), changes, ({ provider, lines }, list) => {
      const printed = list.reduce(changed, lines);
      const { ending, bytes } = storedOf(provider, printed);
      const isClear = printed.flatMap(jsonValuesOf).some((value) => Success.safeParse(value).success);
      expect(ending.state === 'completed' && !isClear).toBe(false);
      expect(bytes).toBeLessThan(2_000_000);
    }),
    { seed: 20_261_130, numRuns: 1_500 },
  );
});
