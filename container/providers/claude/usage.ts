import { z } from 'zod';
import type { Usage } from '../../protocol.ts';
import { parsedJson } from '../json.ts';
import { countField } from '../messages/lines.ts';
import { estimateOutput } from '../streamed.ts';
import { costOf } from './models.ts';

const Counts = z.object({
  input_tokens: countField,
  output_tokens: countField,
  cache_read_input_tokens: countField,
  cache_creation_input_tokens: countField,
  cache_creation: z.object({ ephemeral_1h_input_tokens: countField }).nullish(),
  server_tool_use: z.object({ web_search_requests: countField }).nullish(),
});
type Counts = z.infer<typeof Counts>;

const Message = z.object({ model: z.string().nullish(), usage: Counts.nullish() });
/** A whole message, or an event of a stream: `message_start` holds the message, `message_delta` has later counts. */
const Payload = Message.extend({ message: Message.nullish().catch(null) });

/** The counts that an event reports; it leaves out or nulls the others. */
const given = (counts: Counts): Counts => Object.fromEntries(Object.entries(counts).filter(([, value]) => value != null));

function usageOfMessage(model: string, counts: Counts): Usage {
  const tokens = {
    inputTokens: counts.input_tokens ?? 0,
    outputTokens: counts.output_tokens ?? 0,
    cacheReadTokens: counts.cache_read_input_tokens ?? 0,
    cacheWriteTokens: counts.cache_creation_input_tokens ?? 0,
  };
  const hourTokens = counts.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const webSearches = counts.server_tool_use?.web_search_requests ?? 0;
  return { ...tokens, costUsd: costOf({ ...tokens, model, hourTokens, webSearches }) };
}

/** A reader for one response of Anthropic's Messages API. A later count replaces the earlier one, and the estimate of a running stream. */
export function claudeUsageReader(): (json: string) => Usage | undefined {
  const estimate = estimateOutput();
  let model = '';
  let counts: Counts = {};
  return (json) => {
    const event = parsedJson(json);
    const payload = json.includes('"usage"') ? Payload.safeParse(event).data : undefined;
    const message = payload?.message ?? payload;
    const estimated = message?.usage ? undefined : estimate(event);
    if (!message?.usage && estimated === undefined) return undefined;
    model = message?.model ?? model;
    counts = { ...counts, ...(message?.usage ? given(message.usage) : { output_tokens: estimated }) };
    return usageOfMessage(model, counts);
  };
}
