import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import { isOver } from './machine.ts';
import type { SpendStore } from './spend.ts';
import type { JobRow, JobStore } from './store.ts';

/** What holding a job to its budgets needs. */
export interface BudgetContext {
  store: JobStore;
  spend: SpendStore;
  /** 0 disables the budget. */
  dailyBudgetUsd: number;
  /** Adds to what the job's account spent today. Returns the sum in USD. */
  spendOfAccount: (row: JobRow, usd: number) => Promise<number>;
  cancelRun: (row: JobRow) => void;
}

/** Whether a job's run may still call its model: it is not over, not canceled and within its budgets. */
export const isRunWanted = (row: JobRow): boolean =>
  !isOver(row.state) && row.cancel_requested_at === null && row.progress.budgetUsd === undefined;

function isSameToken(given: string, known: string): boolean {
  const [a, b] = [given, known].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

/** The budget in USD that a request set itself if its run has passed it, or undefined. */
function passedOwnBudget({ spec }: JobRow, { costUsd = 0 }: Usage): number | undefined {
  const budgetUsd = budgetOf(providers[spec.provider], spec.options);
  return budgetUsd !== undefined && costUsd > budgetUsd ? budgetUsd : undefined;
}

/** The daily budget in USD if the job's account has passed it, or undefined. */
async function passedDailyBudget({ dailyBudgetUsd, spendOfAccount }: BudgetContext, row: JobRow, usd: number) {
  if (dailyBudgetUsd === 0) return undefined;
  return (await spendOfAccount(row, usd)) > dailyBudgetUsd ? dailyBudgetUsd : undefined;
}

/** Ends the run because of a budget, unless it already ends for another reason. */
function endOverBudget({ store, cancelRun }: BudgetContext, budgetUsd: number): void {
  const row = store.job();
  if (!row || isOver(row.state) || row.cancel_requested_at !== null) return;
  store.note({ budgetUsd });
  cancelRun(row);
}

/** Whether a model call of this provider with this token belongs to this job's run and is allowed. */
export async function mayCallModel(context: BudgetContext, token: string, provider: string): Promise<boolean> {
  const row = context.store.job();
  if (!row || !isRunWanted(row) || row.admitted_at === null || row.spec.provider !== provider) return false;
  if (!isSameToken(token, row.run_token)) return false;
  // Other jobs may have spent the day's budget since this one started.
  const budgetUsd = await passedDailyBudget(context, row, 0);
  if (budgetUsd !== undefined) endOverBudget(context, budgetUsd);
  return budgetUsd === undefined;
}

/** Stores what a model call has used so far, and ends the run once it or its account has passed a budget. */
export async function recordSpend(context: BudgetContext, call: string, usage: Usage): Promise<void> {
  const row = context.store.job();
  if (!row) return;
  const { total, risenUsd } = context.spend.record(call, usage);
  context.store.note({ spent: total });
  const dailyBudgetUsd = await passedDailyBudget(context, row, risenUsd);
  const budgetUsd = passedOwnBudget(row, total) ?? dailyBudgetUsd;
  if (budgetUsd !== undefined) endOverBudget(context, budgetUsd);
}
