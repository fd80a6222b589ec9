import type { Usage } from '../../protocol.ts';
import type { Provider, Rates } from '../provider.ts';

/** Models and aliases of Claude Code 2.1.330. Other names are passed on. */
export const claudeModels = {
  default: 'claude-opus-5-5',
  known: ['claude-fable-5-2', 'claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'],
  aliases: {
    best: 'claude-opus-5-5',
    fable: 'claude-fable-5-2',
    opus: 'claude-opus-5-5',
    sonnet: 'claude-sonnet-5-5',
    haiku: 'claude-haiku-5-5',
  },
} satisfies Provider['models'];

const aliases = new Map<string, string>(Object.entries(claudeModels.aliases));

/** The model that a name or an alias stands for. */
export const modelOf = (name: unknown): string =>
  typeof name !== 'string' || ['latest', 'default'].includes(name) ? claudeModels.default : (aliases.get(name) ?? name);

/** Older models, whose effort Claude Code leaves out or lowers; the highest one that each has, or null. */
const EFFORTS: [model: RegExp, highest: string | null][] = [
  [/^claude-(3|(sonnet|haiku)-4-5|sonnet-4(-20|$))/, null],
  [/^claude-opus-4-5/, 'high'],
  [/^claude-sonnet-4-6/, 'max'],
];

/** Why an effort has no effect with a model, or undefined. */
export function effortIssue(name: unknown, effort: unknown): string | undefined {
  const model = modelOf(name);
  const [, highest] = EFFORTS.find(([older]) => older.test(model)) ?? [];
  if (highest === null) return `${model} has no effort`;
  if (highest === undefined || (effort !== 'xhigh' && (effort !== 'max' || highest === 'max'))) return undefined;
  return `${model} has no ${String(effort)}; high is used`;
}

interface Price extends Rates {
  cacheRead: number;
}

/** Prices of cache writes as multiples of the input price: for 5 minutes and for 1 hour. */
const CACHE_WRITE = { minutes: 1.25, hour: 2 } as const;
/** Price of one web search in USD. */
const WEB_SEARCH_USD = 0.01;

/**
 * Prices by model, of which the first match counts. The API does not report them. As of November 2026:
 * platform.claude.com/docs/en/about-claude/pricing.
 */
const PRICES: { model: RegExp; above?: number; price: Price }[] = [
  { model: /^claude-(fable|mythos)-5-\d/, price: { input: 10, output: 50, cacheRead: 0.25 } },
  { model: /^claude-opus-5-5/, price: { input: 4, output: 20, cacheRead: 0.2 } },
  { model: /^claude-opus-(5|4-[5-9])/, price: { input: 5, output: 25, cacheRead: 0.5 } },
  { model: /^claude-(opus|3-opus)/, price: { input: 15, output: 75, cacheRead: 1.5 } },
  { model: /^claude-sonnet-5-5/, price: { input: 2, output: 10, cacheRead: 0.1 } },
  { model: /^claude-sonnet-5/, price: { input: 2, output: 10, cacheRead: 0.2 } },
  { model: /^claude-(sonnet|3-\d-sonnet)/, price: { input: 3, output: 15, cacheRead: 0.3 } },
  // `above`: the row counts for prompts of more tokens.
  { model: /^claude-haiku-5-5/, above: 100_000, price: { input: 0.5, output: 2.5, cacheRead: 0.05 } },
  { model: /^claude-haiku-5-5/, price: { input: 0.1, output: 0.5, cacheRead: 0.01 } },
  { model: /^claude-(haiku|3-5-haiku)/, price: { input: 1, output: 5, cacheRead: 0.1 } },
];
/** Prices of an unknown model, so that a budget holds. */
const HIGHEST: Price = { input: 15, output: 75, cacheRead: 1.5 };

/** The usage of a model call, as far as it has a price. */
interface PricedUsage extends Omit<Usage, 'costUsd'> {
  model: string;
  /** Cache writes that are kept for 1 hour; cacheWriteTokens includes them. */
  hourTokens: number;
  webSearches: number;
}

const priceOf = (name: string, promptTokens: number): Price =>
  PRICES.find(({ model, above = -1 }) => model.test(name) && promptTokens > above)?.price ?? HIGHEST;

/** The highest prices of a model: of a prompt of any length, whose tokens may all be written to the cache for an hour. */
export function claudeRates(name: string): Rates {
  const { input, output } = priceOf(name, Number.POSITIVE_INFINITY);
  return { input: input * CACHE_WRITE.hour, output };
}

/** Cost of a model call in USD. */
export function costOf(call: PricedUsage): number {
  const prompt = call.inputTokens + call.cacheReadTokens + call.cacheWriteTokens;
  const price = priceOf(call.model, prompt);
  const written = (call.cacheWriteTokens - call.hourTokens) * CACHE_WRITE.minutes + call.hourTokens * CACHE_WRITE.hour;
  const tokens =
    (call.inputTokens + written) * price.input + call.cacheReadTokens * price.cacheRead + call.outputTokens * price.output;
  return tokens / 1_000_000 + call.webSearches * WEB_SEARCH_USD;
}
