import type { Usage } from '../../protocol.ts';
import type { Rates } from '../provider.ts';

/**
 * Prices by model in USD per million tokens, of which the first match counts: docs.x.ai/docs/models, as of June 2026. The service reports
 * what a call cost, so they matter only to a call that runs.
 */
const PRICES: { model: RegExp; price: Rates }[] = [
  { model: /^grok-build/, price: { input: 1, output: 2 } },
  { model: /^grok-4$|^grok-4-/, price: { input: 1.25, output: 2.5 } },
];
/** Prices of all other models, so that a budget holds. */
const HIGHEST: Rates = { input: 2, output: 6 };
/** A long prompt costs up to this many times as much. */
const LONG_PROMPT = 2;

/** The highest prices of a model. */
export function grokRates(name: string): Rates {
  const { input, output } = PRICES.find(({ model }) => model.test(name))?.price ?? HIGHEST;
  return { input: input * LONG_PROMPT, output: output * LONG_PROMPT };
}

/** Cost in USD of a call that did not report it, at the highest prices of its model. */
export function grokCostOf(model: string, { inputTokens, cacheReadTokens, outputTokens }: Usage): number {
  const { input, output } = grokRates(model);
  return ((inputTokens + cacheReadTokens) * input + outputTokens * output) / 1_000_000;
}
