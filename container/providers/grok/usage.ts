import { z } from 'zod';
import type { Usage } from '../../protocol.ts';
import { TICKS_PER_USD } from '../acp/messages.ts';
import { parsedJson } from '../json.ts';
import { amountField, countField } from '../messages/lines.ts';
import { estimateOutput } from '../streamed.ts';
import { NO_USAGE } from '../usage.ts';
import { grokCostOf } from './prices.ts';

const Response = z.object({
  model: z.string().nullish().catch(null),
  usage: z
    .object({
      input_tokens: countField,
      output_tokens: countField,
      input_tokens_details: z.object({ cached_tokens: countField }).nullish(),
      cost_in_usd_ticks: amountField,
    })
    .nullish(),
});
/** A whole response, or an event of a stream that holds one: `response.completed` has the usage. */
const Payload = Response.extend({ response: Response.nullish().catch(null) });

/** A reader for one response of xAI's Responses API, which reports its usage once, at the end. Before, the output is estimated. */
export function grokUsageReader(): (json: string) => Usage | undefined {
  const estimate = estimateOutput();
  let model = '';
  const priced = (tokens: Usage): Usage => ({ ...tokens, costUsd: grokCostOf(model, tokens) });
  return (json) => {
    const event = parsedJson(json);
    const payload = json.includes('"response"') || json.includes('"usage"') ? Payload.safeParse(event).data : undefined;
    model = payload?.response?.model ?? payload?.model ?? model;
    const usage = payload?.response?.usage ?? payload?.usage;
    if (!usage) {
      const outputTokens = estimate(event);
      return outputTokens === undefined ? undefined : priced({ ...NO_USAGE, outputTokens });
    }
    // Input tokens include the cached ones.
    const cacheReadTokens = usage.input_tokens_details?.cached_tokens ?? 0;
    const inputTokens = Math.max(0, (usage.input_tokens ?? 0) - cacheReadTokens);
    const tokens = { inputTokens, outputTokens: usage.output_tokens ?? 0, cacheReadTokens, cacheWriteTokens: 0 };
    const ticks = usage.cost_in_usd_ticks;
    return ticks == null ? priced(tokens) : { ...tokens, costUsd: ticks / TICKS_PER_USD };
  };
}
