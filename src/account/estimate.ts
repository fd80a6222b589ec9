import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import type { Used } from './tables/counters.ts';

/** What a job is assumed to use if its account has run none of its provider. */
interface AssumedUsage {
  estimateCostUsd: number;
  estimateTokens: number;
  estimateRuntimeS: number;
}

/** What a job is expected to use: its own budget, else the average of its provider's latest jobs, else the assumption. */
export function estimateOf(provider: string, args: Record<string, unknown>, average: Used | null, assumed: AssumedUsage): Used {
  return {
    'usage.costUsd': budgetOf(providers[provider], args) ?? average?.['usage.costUsd'] ?? assumed.estimateCostUsd,
    'usage.totalTokens': average?.['usage.totalTokens'] ?? assumed.estimateTokens,
    runtimeSeconds: average?.runtimeSeconds ?? assumed.estimateRuntimeS,
  };
}
