import { expect, test } from 'vitest';
import { providers } from '../../../container/providers/index.ts';
import { readCall } from '../../../src/gate/bound.ts';

const anthropic = providers.claude?.service;
const xai = providers.grok?.service;
const call = (request: object, service = anthropic) => {
  if (!service) throw new Error('no service');
  return readCall(service, JSON.stringify(request));
};
const bytesOf = (request: object) => JSON.stringify(request).length;

test('a call can cost its bytes at the price of the longest cache write, and its largest output', () => {
  const request = { model: 'claude-opus-5-5', max_tokens: 1_000, messages: [] };
  expect(call(request)).toMatchObject({ value: { usd: (bytesOf(request) * 4 * 2 + 1_000 * 20) / 1e6 } });
  const short = { model: 'grok-4.5', max_output_tokens: 1_000, input: [] };
  expect(call(short, xai)).toMatchObject({ value: { usd: (bytesOf(short) * 4 + 1_000 * 12) / 1e6 } });
});

const usdOf = (request: object, service = anthropic) => {
  const read = call(request, service);
  return read.ok ? read.value.usd : Number.NaN;
};

test.each<[string, object, number]>([
  ['no limit of its output', { model: 'claude-opus-5-5' }, 2.56],
  ['a limit that is not a number', { model: 'claude-opus-5-5', max_tokens: '9' }, 2.56],
  ['an unknown model', { model: 'made-up', max_tokens: 100_000 }, 7.5],
  ['the prompt length with the higher price', { model: 'claude-haiku-5-5', max_tokens: 100_000 }, 0.25],
  ['a file that the service reads', { model: 'claude-opus-5-5', max_tokens: 0, messages: [{ source: { type: 'url' } }] }, 8],
  [
    'a tool of the service',
    { model: 'claude-opus-5-5', max_tokens: 0, tools: [{ type: 'web_search_20250305', max_uses: 5 }] },
    8.05,
  ],
])('the bound of a call covers %s', (_what, request, usd) => {
  expect(usdOf(request)).toBeGreaterThanOrEqual(usd);
  expect(usdOf(request)).toBeLessThan(usd * 1.01 + 0.01);
});

test("a caller's own tool costs nothing but its text", () => {
  const own = { model: 'claude-opus-5-5', max_tokens: 0, tools: [{ name: 'Bash', input_schema: {} }] };
  expect(usdOf(own)).toBeLessThan(0.01);
});

test.each([
  ['speed', 'fast'],
  ['service_tier', 'priority'],
  ['inference_geo', 'us'],
])('a call whose %s has a price of its own is refused by name', (field, value) => {
  expect(call({ model: 'claude-opus-5-5', [field]: value })).toMatchObject({
    failure: { code: 'gate_refused', reason: `The price of this ${field} is not known. Leave it out.` },
  });
});

test('of two equal keys the service receives the one that was judged', () => {
  if (!anthropic) throw new Error('no service');
  const read = readCall(anthropic, '{"model":"claude-fable-5-2","model":"claude-haiku-5-5","max_tokens":1}');
  expect(read).toMatchObject({ value: { model: 'claude-haiku-5-5', body: '{"model":"claude-haiku-5-5","max_tokens":1}' } });
});

test.each(['', 'null', '[]', '"text"', '{"model":1}', '{'])('%j is not a model call', (json) => {
  expect(anthropic && readCall(anthropic, json)).toMatchObject({ ok: false });
});
