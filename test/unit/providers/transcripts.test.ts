import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Item } from '../../../container/protocol.ts';
import { parsedJson } from '../../../container/providers/json.ts';
import { gist, linesOf, readSample, SAMPLES } from './transcripts.ts';

/** Longer texts are told by their beginning. */
const SHOWN = 60;

/** What each transcript comes to; what is not told is empty. */
const expected: Record<string, object> = JSON.parse(readFileSync(join(SAMPLES, 'expected.json'), 'utf8'));

const isTold = (value: unknown) => (Array.isArray(value) ? value.some((entry) => entry !== undefined) : Boolean(value));
const short = (items: Item[]) =>
  Object.fromEntries(
    Object.entries(gist(items))
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, SHOWN) : value])
      .filter(([, value]) => isTold(value)),
  );

test.each(Object.entries(expected))('the transcript %s is read as %j', (sample, told) => {
  const [id = '', name = ''] = sample.split(' ');
  const items = readSample(id, name);
  expect(short(items)).toEqual(told);
  expect(items.map((item) => Item.parse(item))).toEqual(items);
});

test('every transcript is among the expected ones', () => {
  const files = ['claude', 'grok'].flatMap((id) =>
    readdirSync(join(SAMPLES, id)).map((file) => `${id} ${file.replace('.ndjson', '')}`),
  );
  expect(Object.keys(expected).sort()).toEqual(files.sort());
});

test('a run with two results numbers them, and its usage is that of the run', () => {
  const results = readSample('claude', 'bgbash').filter((item) => item.kind === 'result');
  expect(results.map(({ index, usage }) => [index, usage?.inputTokens])).toEqual([
    [0, 5277],
    [1, 8310],
  ]);
});

test('a denial names the tool, its input and what the CLI said', () => {
  const [denied] = readSample('grok', 'perm-default-rm').filter((item) => item.kind === 'denied');
  expect(denied?.denial).toEqual({
    tool: 'run_terminal_command',
    input: JSON.stringify({ command: 'rm -rf /srv/out/d && echo removed', description: 'mock command' }),
    reason: 'User cancelled the execution for tool `run_terminal_command`',
  });
});

test('a result of a tool of Grok is the text that the model gets', () => {
  const [end] = readSample('grok', 'recommended').filter((item) => item.kind === 'tool_end');
  expect(end).toMatchObject({ isError: false, output: 'exit: 0\nfine\n' });
});

const Ended = z.object({ type: z.literal('result'), result: z.string() });

test('an answer is the whole text of the last result in its transcript', () => {
  const whole = Object.keys(expected).flatMap((sample) => {
    const [id = '', name = ''] = sample.split(' ');
    const ends = linesOf(id, name).flatMap((line) => Ended.safeParse(parsedJson(line)).data ?? []);
    return ends.length > 0 ? [[sample, gist(readSample(id, name)).answer, ends.at(-1)?.result]] : [];
  });
  expect(whole.length).toBeGreaterThan(80);
  for (const [sample, answer, text] of whole) expect([sample, answer]).toEqual([sample, text]);
});
