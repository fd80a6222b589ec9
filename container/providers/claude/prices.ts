import type { Usage } from '../../protocol.ts';

/** USD for a million tokens. */
interface Price {
  input: number;
  output: number;
  cacheRead: number;
}

/** What writing to the cache costs, as a multiple of the input: for 5 minutes and for 1 hour. */
const CACHE_WRITE = { minutes: 1.25, hour: 2 } as const;
/** USD for one search of the web. */
const WEB_SEARCH_USD = 0.01;

/** Anthropic names no price in its answers. By model, first match, as of November 2026: platform.claude.com/docs/en/about-claude/pricing. */
const PRICES: { model: RegExp; above?: number; price: Price }[] = [
  { model: /^claude-(fable|mythos)-5-\d/, price: { input: 10, output: 50, cacheRead: 0.25 } },
  { model: /^claude-opus-5-5/, price: { input: 4, output: 20, cacheRead: 0.2 } },
  { model: /^claude-opus-(5|4-[5-9])/, price: { input: 5, output: 25, cacheRead: 0.5 } },
  { model: /^claude-(opus|3-opus)/, price: { input: 15, output: 75, cacheRead: 1.5 } },
  { model: /^claude-sonnet-5-5/, price: { input: 2, output: 10, cacheRead: 0.1 } },
  { model: /^claude-sonnet-5/, price: { input: 2, output: 10, cacheRead: 0.2 } },
  { model: /^claude-(sonnet|3-\d-sonnet)/, price: { input: 3, output: 15, cacheRead: 0.3 } },
  // `above`: tokens of a prompt from which on this row counts.
  { model: /^claude-haiku-5-5/, above: 100_000, price: { input: 0.5, output: 2.5, cacheRead: 0.05 } },
  { model: /^claude-haiku-5-5/, price: { input: 0.1, output: 0.5, cacheRead: 0.01 } },
  { model: /^claude-(haiku|3-5-haiku)/, price: { input: 1, output: 5, cacheRead: 0.1 } },
  // A model that is not known here counts as the dearest, so that a budget holds.
  { model: /^claude-/, price: { input: 10, output: 50, cacheRead: 1 } },
];

/** What a call used. */
export interface Priced extends Omit<Usage, 'costUsd'> {
  model: string;
  /** Of cacheWriteTokens, those that are kept for an hour. */
  hourTokens: number;
  webSearches: number;
}

/** What a call cost in USD; undefined for a model of unknown price. */
export function costOf(call: Priced): number | undefined {
  const prompt = call.inputTokens + call.cacheReadTokens + call.cacheWriteTokens;
  const price = PRICES.find(({ model, above = -1 }) => model.test(call.model) && prompt > above)?.price;
  if (!price) return undefined;
  const written = (call.cacheWriteTokens - call.hourTokens) * CACHE_WRITE.minutes + call.hourTokens * CACHE_WRITE.hour;
  const tokens =
    (call.inputTokens + written) * price.input + call.cacheReadTokens * price.cacheRead + call.outputTokens * price.output;
  return tokens / 1_000_000 + call.webSearches * WEB_SEARCH_USD;
}
