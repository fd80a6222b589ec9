import { clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { accountOf } from '../objects.ts';
import type { BudgetContext } from './budget.ts';
import { totalTokens } from './progress.ts';
import type { Signal } from './signal.ts';
import type { SpendStore } from './spend.ts';
import type { JobRow, JobStore } from './store.ts';

/** The budgets of a job's run, with its account behind them. What its policy says of a model is asked once. */
export function openBudget(
  env: Env,
  store: JobStore,
  spend: SpendStore,
  { limits }: Config,
  signal: Signal,
  cancelRun: (row: JobRow) => void,
): BudgetContext {
  const refusals = new Map<string, string | undefined>();
  return {
    ...{ store, spend, maxCalls: limits.modelCallsPerJob, cancelRun },
    now: () => clock.now(),
    modelRefusal: async ({ spec }, model) => {
      if (!refusals.has(model)) refusals.set(model, await accountOf(env, spec).modelRefusal(spec.id, spec.options, model));
      return refusals.get(model);
    },
    reserve: ({ spec }, usd, spent) => accountOf(env, spec).reserveSpend(spec.id, usd, spent),
    reportUse: ({ spec }, total, risenUsd, heldUsd) => {
      const use = { id: spec.id, costUsd: total.costUsd ?? 0, totalTokens: totalTokens(total), heldUsd };
      return accountOf(env, spec).spend(risenUsd, use);
    },
    changed: () => signal.fire(),
    nextChange: (ms) => signal.next(ms),
  };
}
