import type { Usage } from '../../protocol.ts';
import { addUsage, joinUsage, NO_USAGE } from '../usage.ts';
import type { ResultLine, Tokens } from './lines.ts';

/** Tokens of a message or of a turn. */
export const tokensOf = (tokens: Tokens): Usage => ({
  inputTokens: tokens?.input_tokens ?? 0,
  outputTokens: tokens?.output_tokens ?? 0,
  cacheReadTokens: tokens?.cache_read_input_tokens ?? 0,
  cacheWriteTokens: tokens?.cache_creation_input_tokens ?? 0,
});

/**
 * A counter of the tokens of a run. For each report of a message it returns the new total, or undefined if the total stays.
 * A message is reported several times, the early figures lower: its highest ones count.
 */
export function countUsage(): (messageId: string, tokens: Tokens) => Usage | undefined {
  const byMessage = new Map<string, Usage>();
  let total = NO_USAGE;
  return (messageId, tokens) => {
    const before = byMessage.get(messageId) ?? NO_USAGE;
    const now = joinUsage(before, tokensOf(tokens), Math.max);
    const more = joinUsage(now, before, (x, y) => x - y);
    if (!Object.values(more).some(Boolean)) return undefined;
    byMessage.set(messageId, now);
    total = addUsage(total, more);
    return total;
  };
}

/** Usage of the whole run so far: the figures by model add up over turns, while a result's own `usage` is of its turn alone. */
export function usageOfResult({ usage, modelUsage, total_cost_usd = 0 }: ResultLine): Usage {
  const models = Object.values(modelUsage).map(
    (model): Usage => ({
      inputTokens: model.inputTokens ?? 0,
      outputTokens: model.outputTokens ?? 0,
      cacheReadTokens: model.cacheReadInputTokens ?? 0,
      cacheWriteTokens: model.cacheCreationInputTokens ?? 0,
      costUsd: model.costUSD,
    }),
  );
  const { costUsd: byModels = 0, ...tokens } = models.length > 0 ? models.reduce(addUsage) : tokensOf(usage);
  // Zero stands for a price that the service did not report.
  const costUsd = total_cost_usd || byModels;
  return addUsage(NO_USAGE, { ...tokens, ...(costUsd > 0 && { costUsd }) });
}
