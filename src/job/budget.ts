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
  /** What the job's account spent today, in USD. */
  spentToday: (row: JobRow) => Promise<number>;
  /** Reports to the job's account what the run has used so far, and the USD by which that rose. Returns what the account spent today. */
  reportUse: (row: JobRow, total: Usage, risenUsd: number) => Promise<number>;
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

/** The daily budget in USD if an account that spent so much today has passed it, or undefined. */
const passedDailyBudget = ({ dailyBudgetUsd }: BudgetContext, spentUsd: number): number | undefined =>
  dailyBudgetUsd > 0 && spentUsd > dailyBudgetUsd ? dailyBudgetUsd : undefined;

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
  const budgetUsd = context.dailyBudgetUsd > 0 ? passedDailyBudget(context, await context.spentToday(row)) : undefined;
  if (budgetUsd !== undefined) endOverBudget(context, budgetUsd);
  return budgetUsd === undefined;
}

/** Stores what a model call has used so far, and ends the run once it or its account has passed a budget. */
export async function recordSpend(context: BudgetContext, call: string, usage: Usage): Promise<void> {
  const row = context.store.job();
  if (!row) return;
  const { total, risenUsd } = context.spend.record(call, usage);
  context.store.note({ spent: total });
  const ownBudgetUsd = passedOwnBudget(row, total);
  if (ownBudgetUsd !== undefined) endOverBudget(context, ownBudgetUsd);
  const dailyBudgetUsd = passedDailyBudget(context, await context.reportUse(row, total, risenUsd));
  if (dailyBudgetUsd !== undefined && ownBudgetUsd === undefined) endOverBudget(context, dailyBudgetUsd);
}
