import { expect, test } from 'vitest';
import type { Usage } from '../../../container/protocol.ts';
import { claudeUsageReader } from '../../../container/providers/claude/usage.ts';
import { grokUsageReader } from '../../../container/providers/grok/usage.ts';

const tokens = (input: number, output: number, cacheRead = 0, cacheWrite = 0) => ({
  inputTokens: input,
  outputTokens: output,
  cacheReadTokens: cacheRead,
  cacheWriteTokens: cacheWrite,
});

const claude = (usage: object, model = 'claude-opus-5-5') => ({ type: 'message', model, usage });
const million = 1_000_000;

const answers: [what: string, pieces: object[], usage: object, reader?: typeof grokUsageReader][] = [
  [
    'a stream of Anthropic: the start tells the input, later counts replace earlier ones',
    [
      { type: 'message_start', message: { model: 'claude-opus-5-5', usage: { input_tokens: 1_000, output_tokens: 1 } } },
      { type: 'message_delta', usage: { output_tokens: 100 } },
    ],
    { ...tokens(1_000, 100), costUsd: 0.006 },
  ],
  [
    'a stream of xAI: cached tokens are part of the input, and the price is named',
    [
      { type: 'response.created', response: { model: 'grok-4.6', usage: null } },
      {
        type: 'response.completed',
        response: {
          usage: {
            input_tokens: 100,
            output_tokens: 7,
            input_tokens_details: { cached_tokens: 60 },
            cost_in_usd_ticks: 25_000_000,
          },
        },
      },
    ],
    { ...tokens(40, 7, 60), costUsd: 0.0025 },
    grokUsageReader,
  ],
  [
    'cache writes, for minutes and for an hour',
    [
      claude({
        input_tokens: 0,
        output_tokens: 0,
        cache_creation_input_tokens: 2 * million,
        cache_creation: { ephemeral_1h_input_tokens: million },
        cache_read_input_tokens: million,
      }),
    ],
    { ...tokens(0, 0, million, 2 * million), costUsd: 5 + 8 + 0.2 },
  ],
  [
    'searches of the web',
    [claude({ input_tokens: 0, output_tokens: 0, server_tool_use: { web_search_requests: 3 } })],
    { ...tokens(0, 0), costUsd: 0.03 },
  ],
  [
    'a prompt of more than 100,000 tokens for Haiku 5.5',
    [claude({ input_tokens: 100_001, output_tokens: 0 }, 'claude-haiku-5-5')],
    { ...tokens(100_001, 0), costUsd: 0.0500005 },
  ],
  [
    'a Claude nobody knows counts as the dearest',
    [claude({ input_tokens: million, output_tokens: million }, 'claude-next')],
    { ...tokens(million, million), costUsd: 90 },
  ],
  ['a model of unknown price', [claude({ input_tokens: 5, output_tokens: 6 }, 'grok-9')], { ...tokens(5, 6), costUsd: 0.000525 }],
];

test.each(answers)('usage is read from %s', (_what, pieces, usage, reader = claudeUsageReader) => {
  const read = reader();
  const told = pieces.reduce<Usage | undefined>((known, piece) => read(JSON.stringify(piece)) ?? known, undefined);
  expect(told).toEqual({
    costUsd: undefined,
    ...usage,
    ...('costUsd' in usage && { costUsd: expect.closeTo(Number(usage.costUsd), 9) }),
  });
});

const silent = ['', '[DONE]', '{"type":"ping"}', '{"usage":', '{"usage":"a lot"}', '{"usage":null}'];

test.each(silent)('%j tells no usage', (json) => {
  for (const reader of [claudeUsageReader, grokUsageReader]) expect(reader()(json)).toBe(undefined);
});
