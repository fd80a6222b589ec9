import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import type { Used } from './tables/counters.ts';

/** What is assumed of a job where nothing is known of its like. */
export interface Assumption {
  estimateCostUsd: number;
  estimateTokens: number;
  estimateRuntimeS: number;
}

/** What an account's latest jobs of a provider used on average; null where there were none. */
export type Average = Used | null;

/** What a job is expected to use: its own budget where it has one, else the average of its like, else what is assumed. */
export function estimateOf(provider: string, args: Record<string, unknown>, average: Average, assumed: Assumption): Used {
  return {
    'usage.costUsd': budgetOf(providers[provider], args) ?? average?.['usage.costUsd'] ?? assumed.estimateCostUsd,
    'usage.totalTokens': average?.['usage.totalTokens'] ?? assumed.estimateTokens,
    runtimeSeconds: average?.runtimeSeconds ?? assumed.estimateRuntimeS,
  };
}
