import { z } from 'zod';
import type { Usage } from '../../container/protocol.ts';
import { costOf } from './prices.ts';

/** xAI's unit of money: 1 USD has this many ticks. */
const TICKS = 1e10;

const count = z.number().nonnegative().nullish();

/** Anthropic's `usage` and xAI's in one; each knows its own fields. */
const Counts = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z.object({ ephemeral_1h_input_tokens: count }).nullish(),
  server_tool_use: z.object({ web_search_requests: count }).nullish(),
  input_tokens_details: z.object({ cached_tokens: count }).nullish(),
  cost_in_usd_ticks: count,
});
const Body = z.object({ model: z.string().nullish(), usage: Counts.nullish() });

/** A whole answer, or one event of a stream: Anthropic's message_start and message_delta, xAI's response.completed. */
const Piece = Body.extend({ message: Body.nullish().catch(null), response: Body.nullish().catch(null) });

/** What the pieces of an answer told so far; later counts replace earlier ones. */
export interface Told {
  model: string;
  counts: z.infer<typeof Counts>;
}

/** Nothing told yet. */
export const UNTOLD: Told = { model: '', counts: {} };

const given = (counts: object) => Object.fromEntries(Object.entries(counts).filter(([, value]) => value != null));

/** What is known after one more piece of JSON; null where it tells no usage. */
export function learn(told: Told, json: string): Told | null {
  if (!json.includes('"usage"')) return null;
  const parsed = Piece.safeParse(parse(json));
  if (!parsed.success) return null;
  const { message, response } = parsed.data;
  const bodies = [parsed.data, message, response].filter((body) => body != null);
  if (!bodies.some(({ usage }) => usage)) return null;
  return bodies.reduce<Told>(
    ({ model, counts }, body) => ({ model: body.model ?? model, counts: { ...counts, ...given(body.usage ?? {}) } }),
    told,
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Tokens and cost of a call. xAI counts cached tokens as input as well and names the price; Anthropic does neither. */
export function usageOf({ model, counts }: Told): Usage {
  const cached = counts.input_tokens_details?.cached_tokens ?? 0;
  const tokens = {
    inputTokens: Math.max(0, (counts.input_tokens ?? 0) - cached),
    outputTokens: counts.output_tokens ?? 0,
    cacheReadTokens: counts.cache_read_input_tokens ?? cached,
    cacheWriteTokens: counts.cache_creation_input_tokens ?? 0,
  };
  if (counts.cost_in_usd_ticks != null) return { ...tokens, costUsd: counts.cost_in_usd_ticks / TICKS };
  const hourTokens = counts.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const webSearches = counts.server_tool_use?.web_search_requests ?? 0;
  const costUsd = costOf({ ...tokens, model, hourTokens, webSearches });
  return costUsd === undefined ? tokens : { ...tokens, costUsd };
}
