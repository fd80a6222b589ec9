import type { Usage } from '../../protocol.ts';
import type { Tokens } from './lines.ts';
import type { Result } from './result.ts';

type Counted = Omit<Usage, 'costUsd'>;

const NOTHING: Counted = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

const counted = (tokens: Tokens): Counted => ({
  inputTokens: tokens?.input_tokens ?? 0,
  outputTokens: tokens?.output_tokens ?? 0,
  cacheReadTokens: tokens?.cache_read_input_tokens ?? 0,
  cacheWriteTokens: tokens?.cache_creation_input_tokens ?? 0,
});

const combine = (a: Counted, b: Counted, join: (a: number, b: number) => number): Counted => ({
  inputTokens: join(a.inputTokens, b.inputTokens),
  outputTokens: join(a.outputTokens, b.outputTokens),
  cacheReadTokens: join(a.cacheReadTokens, b.cacheReadTokens),
  cacheWriteTokens: join(a.cacheWriteTokens, b.cacheWriteTokens),
});

const plus = (a: Counted, b: Counted) => combine(a, b, (x, y) => x + y);
const minus = (a: Counted, b: Counted) => combine(a, b, (x, y) => x - y);
/** A message's figures come several times, the early ones lower. */
const highest = (a: Counted, b: Counted) => combine(a, b, Math.max);

/** Adds up what the messages of a run tell: gives the new total, or nothing where it stays. */
export function countUsage(): (messageId: string, tokens: Tokens) => Counted | undefined {
  const byMessage = new Map<string, Counted>();
  let total = NOTHING;
  return (messageId, tokens) => {
    const before = byMessage.get(messageId) ?? NOTHING;
    const now = highest(before, counted(tokens));
    const more = minus(now, before);
    if (Object.values(more).every((value) => value === 0)) return undefined;
    byMessage.set(messageId, now);
    total = plus(total, more);
    return total;
  };
}

/** Usage of the whole run so far: a result's own `usage` is of its turn alone, the figures by model add up over turns. */
export function usageOf({ usage, modelUsage, total_cost_usd = 0 }: Result): Usage {
  const models = Object.values(modelUsage);
  const sum = models
    .map(
      (model): Counted => ({
        inputTokens: model.inputTokens ?? 0,
        outputTokens: model.outputTokens ?? 0,
        cacheReadTokens: model.cacheReadInputTokens ?? 0,
        cacheWriteTokens: model.cacheCreationInputTokens ?? 0,
      }),
    )
    .reduce(plus, NOTHING);
  // Zero is what Grok says when the service told no price.
  const costUsd = total_cost_usd || models.reduce((cost, model) => cost + (model.costUSD ?? 0), 0);
  return { ...(models.length > 0 ? sum : counted(usage)), ...(costUsd > 0 ? { costUsd } : {}) };
}
