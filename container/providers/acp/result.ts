import { z } from 'zod';
import type { Usage } from '../../protocol.ts';
import { count, type Result, text } from '../messages/lines.ts';
import { summaryOf } from '../pieces.ts';
import { type Message, type PromptEnd, TICKS_PER_USD } from './messages.ts';

type Spending = NonNullable<PromptEnd['_meta']['usage']>;
type Spent = Spending['modelUsage'][string];

/** What was read from and written to a cache counts once. */
const uncached = ({ inputTokens = 0, cachedReadTokens = 0, cacheCreationTokens = 0 }: Spent) =>
  Math.max(0, inputTokens - cachedReadTokens - cacheCreationTokens);

const modelTokens = (spent: Spent, hasPrice: boolean): Result['modelUsage'][string] => ({
  inputTokens: uncached(spent),
  outputTokens: spent.outputTokens,
  cacheReadInputTokens: spent.cachedReadTokens,
  cacheCreationInputTokens: spent.cacheCreationTokens,
  ...(hasPrice && { costUSD: (spent.costUsdTicks ?? 0) / TICKS_PER_USD }),
});

function modelUsageOf({ modelUsage, costIsPartial, usageIsIncomplete }: Spending): Result['modelUsage'] {
  const hasPrice = costIsPartial !== true && usageIsIncomplete !== true;
  return Object.fromEntries(Object.entries(modelUsage).map(([model, spent]) => [model, modelTokens(spent, hasPrice)]));
}

function verdictOf({ stopReason, _meta }: PromptEnd): Pick<Result, 'subtype' | 'errors'> {
  const { structuredOutputError, cancellationCategory } = _meta;
  if (structuredOutputError !== undefined)
    return { subtype: 'error_max_structured_output_retries', errors: [structuredOutputError] };
  if (stopReason === 'end_turn') return { subtype: 'success' };
  if (cancellationCategory === 'max_turns_reached')
    return { subtype: 'error_max_turns', errors: ['Reached the maximum number of turns'] };
  return { subtype: 'error_during_execution', errors: [stopReason ?? 'unknown'] };
}

/** A prompt's end as print mode would tell it; `answer` is the text of the last message. */
export function resultOfEnd(end: PromptEnd, sessionId: string, answer: string): Result {
  const { usage, structuredOutput } = end._meta;
  const verdict = verdictOf(end);
  const isError = verdict.subtype !== 'success';
  return {
    type: 'result',
    ...verdict,
    is_error: isError,
    ...(isError ? {} : { result: answer, structured_output: structuredOutput }),
    stop_reason: end.stopReason,
    session_id: sessionId,
    num_turns: usage?.numTurns,
    modelUsage: usage === undefined ? {} : modelUsageOf(usage),
  };
}

const Detail = z.union([
  z.string().transform((message) => ({ message, http_status: undefined, error_kind: undefined })),
  z.object({ message: z.string(), http_status: count, error_kind: text }),
  z.unknown().transform((data) => ({ message: summaryOf(data ?? ''), http_status: undefined, error_kind: undefined })),
]);

/** The end of a prompt that failed; `spent` is what its model calls used until then. */
export function resultOfError(
  { message, data }: NonNullable<Message['error']>,
  sessionId: string,
  spent: Usage | undefined,
): Result {
  const detail = Detail.parse(data);
  return {
    type: 'result',
    subtype: 'error_during_execution',
    is_error: true,
    errors: [[message, detail.message].filter(Boolean).join(': ')],
    stop_reason: detail.error_kind === 'max_tokens_truncation' ? 'max_tokens' : undefined,
    api_error_status: detail.http_status,
    session_id: sessionId,
    usage: spent && {
      input_tokens: spent.inputTokens,
      output_tokens: spent.outputTokens,
      cache_read_input_tokens: spent.cacheReadTokens,
      cache_creation_input_tokens: spent.cacheWriteTokens,
    },
    modelUsage: {},
  };
}
