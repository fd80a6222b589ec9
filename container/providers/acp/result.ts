import { z } from 'zod';
import type { Usage } from '../../protocol.ts';
import { countField, nameField, type ResultLine } from '../messages/lines.ts';
import { summaryOf } from '../pieces.ts';
import { type PromptEnd, type RpcMessage, TICKS_PER_USD } from './messages.ts';

type PromptUsage = NonNullable<PromptEnd['_meta']['usage']>;
type ModelSpent = PromptUsage['modelUsage'][string];

/** Input tokens without those that were read from or written to a cache. */
const uncached = ({ inputTokens = 0, cachedReadTokens = 0, cacheCreationTokens = 0 }: ModelSpent) =>
  Math.max(0, inputTokens - cachedReadTokens - cacheCreationTokens);

const modelTokens = (spent: ModelSpent, hasPrice: boolean): ResultLine['modelUsage'][string] => ({
  inputTokens: uncached(spent),
  outputTokens: spent.outputTokens,
  cacheReadInputTokens: spent.cachedReadTokens,
  cacheCreationInputTokens: spent.cacheCreationTokens,
  ...(hasPrice && { costUSD: (spent.costUsdTicks ?? 0) / TICKS_PER_USD }),
});

function modelUsageOf({ modelUsage, costIsPartial, usageIsIncomplete }: PromptUsage): ResultLine['modelUsage'] {
  const hasPrice = costIsPartial !== true && usageIsIncomplete !== true;
  return Object.fromEntries(Object.entries(modelUsage).map(([model, spent]) => [model, modelTokens(spent, hasPrice)]));
}

function verdictOf({ stopReason, _meta }: PromptEnd): Pick<ResultLine, 'subtype' | 'errors'> {
  const { structuredOutputError, cancellationCategory } = _meta;
  if (structuredOutputError !== undefined)
    return { subtype: 'error_max_structured_output_retries', errors: [structuredOutputError] };
  if (stopReason === 'end_turn') return { subtype: 'success' };
  if (cancellationCategory === 'max_turns_reached')
    return { subtype: 'error_max_turns', errors: ['Reached the maximum number of turns'] };
  return { subtype: 'error_during_execution', errors: [stopReason ?? 'unknown'] };
}

/** The end of a prompt as a result line of print mode. `answer` is the text of the last message. */
export function resultOfEnd(end: PromptEnd, sessionId: string, answer: string): ResultLine {
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
  z.object({ message: z.string(), http_status: countField, error_kind: nameField }),
  z.unknown().transform((data) => ({ message: summaryOf(data ?? ''), http_status: undefined, error_kind: undefined })),
]);

/** A failed prompt as a result line of print mode. `spent` is the usage of its model calls. */
export function resultOfError(
  { message, data }: NonNullable<RpcMessage['error']>,
  sessionId: string,
  spent: Usage | undefined,
): ResultLine {
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
