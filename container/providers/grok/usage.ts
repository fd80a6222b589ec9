import { z } from 'zod';
import type { Usage } from '../../protocol.ts';
import { TICKS_PER_USD } from '../acp/messages.ts';
import { parsedJson } from '../json.ts';
import { amountField, countField } from '../messages/lines.ts';

const Response = z.object({
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

/** A reader for one response of xAI's Responses API, which reports its usage once, at the end. */
export function grokUsageReader(): (json: string) => Usage | undefined {
  return (json) => {
    if (!json.includes('"usage"')) return undefined;
    const payload = Payload.safeParse(parsedJson(json)).data;
    const usage = payload?.response?.usage ?? payload?.usage;
    if (!usage) return undefined;
    // Input tokens include the cached ones.
    const cached = usage.input_tokens_details?.cached_tokens ?? 0;
    const ticks = usage.cost_in_usd_ticks;
    return {
      inputTokens: Math.max(0, (usage.input_tokens ?? 0) - cached),
      outputTokens: usage.output_tokens ?? 0,
      cacheReadTokens: cached,
      cacheWriteTokens: 0,
      ...(ticks != null && { costUsd: ticks / TICKS_PER_USD }),
    };
  };
}
