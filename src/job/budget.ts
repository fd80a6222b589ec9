import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import { fail, ok, type Result } from '../errors.ts';
import type { Payer } from '../gate/upstreams.ts';
import { isOver } from './machine.ts';
import { heldUsd, type SpendStore } from './spend.ts';
import type { JobRow, JobStore } from './store.ts';

/** What a job's account grants of a wanted amount. */
export interface Grant {
  usd: number;
  /** The budget in USD that allows no more. */
  limitUsd?: number;
  /** Whether more may become free, because other calls hold it. */
  isHeld?: boolean;
}

/** What a job has spent so far, and holds for its open calls, in USD. */
export interface JobSpend {
  spentUsd: number;
  heldUsd: number;
}

/** A model call that a run wants to make. */
export interface WantedCall {
  /** Secret of the run's token. */
  token: string;
  provider: string;
  model: string;
  /** The most that it can cost, in USD. */
  usd: number;
  /** Whose key pays. */
  payer: Payer;
}

/** What holding a job to its budgets needs. */
export interface BudgetContext {
  store: JobStore;
  spend: SpendStore;
  /** Model calls of one job that may be under way at once. */
  maxCalls: number;
  now: () => number;
  /** Why the policy of the job does not allow a model; undefined if it does. */
  modelRefusal: (row: JobRow, model: string) => Promise<string | undefined>;
  /** Reserves up to `usd` against the limits of the job's account. */
  reserve: (row: JobRow, usd: number, spend: JobSpend) => Promise<Grant>;
  /** Reports to the job's account what the run uses, and the USD by which that rose. Returns the daily budget in USD if it is used up. */
  reportUse: (row: JobRow, total: Usage, risenUsd: number, held: number) => Promise<number | undefined>;
  cancelRun: (row: JobRow) => void;
  changed: () => void;
  /** Resolves at the next change, or after `ms`. */
  nextChange: (ms: number) => Promise<void>;
}

/** Longest wait of a call for another one to end, in ms. The CLIs retry after it. */
const WAIT_MAX_MS = 60_000;
/** Retry hint for a call that waited in vain, in ms. */
const RETRY_MS = 5_000;

/** Whether a job's run may still call its model: it is not over, not canceled and within its budgets. */
export const isRunWanted = (row: JobRow): boolean =>
  !isOver(row.state) && row.cancel_requested_at === null && row.progress.budgetUsd === undefined;

function isSameToken(given: string, known: string): boolean {
  const [a, b] = [given, known].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

/** The job if a token belongs to its run, and the run may call the models of a provider. */
export function callableJob({ store }: BudgetContext, token: string, provider: string): JobRow | undefined {
  const row = store.job();
  const isCallable = row && isRunWanted(row) && row.admitted_at !== null && row.spec.provider === provider;
  return isCallable && isSameToken(token, row.run_token) ? row : undefined;
}

/** The budget in USD that a request set itself, or undefined. */
const ownBudget = ({ spec }: JobRow): number | undefined => budgetOf(providers[spec.provider], spec.options);

/** Ends the run because of a budget, unless it already ends for another reason. */
function endOverBudget({ store, cancelRun }: BudgetContext, budgetUsd: number): void {
  const row = store.job();
  if (!row || isOver(row.state) || row.cancel_requested_at !== null) return;
  store.note({ budgetUsd });
  cancelRun(row);
}

/** Reserves up to `usd` more for an open call: what its job's own budget leaves of it, then what the account's limits leave. */
async function claim({ spend, reserve, now }: BudgetContext, row: JobRow, call: string, usd: number): Promise<Grant> {
  const spentUsd = spend.total().costUsd ?? 0;
  const held = heldUsd(spend.calls(now()));
  const limitUsd = ownBudget(row);
  const wanted = Math.min(usd, (limitUsd ?? Number.POSITIVE_INFINITY) - spentUsd - held);
  if (wanted <= 0) return { usd: 0, isHeld: held > 0, ...(limitUsd !== undefined && { limitUsd }) };
  // Reserved before the account answers, because other calls of the job are judged meanwhile.
  spend.reserve(call, wanted);
  const grant = await reserve(row, wanted, { spentUsd, heldUsd: held }).catch((): Grant => ({ usd: 0, isHeld: true }));
  spend.reserve(call, grant.usd - wanted);
  return grant;
}

const refused = (reason: string) => fail({ code: 'gate_refused', reason });
const NO_JOB = refused('The token does not belong to a running job.');
const BUSY = fail({
  code: 'rate_limited',
  reason: 'The other model calls of this run hold what is left of its budget, or are as many as may be under way at once',
  retryAfterMs: RETRY_MS,
});

/**
 * Opens a model call once its cost is reserved: the most that it can cost, or all that is left if that is less. With nothing left, the call
 * waits for another one to end; without another one, the run is ended.
 */
export async function openCall(context: BudgetContext, wanted: WantedCall): Promise<Result<string>> {
  const { store, spend, maxCalls, now } = context;
  const found = callableJob(context, wanted.token, wanted.provider);
  if (!found) return NO_JOB;
  const refusal = await context.modelRefusal(found, wanted.model);
  if (refusal !== undefined) return refused(refusal);
  const call = crypto.randomUUID();
  const until = now() + WAIT_MAX_MS;
  for (let at = now(); at < until; at = now()) {
    const row = store.job();
    if (!row || !isRunWanted(row)) return NO_JOB;
    const others = spend.calls(at);
    if (others.length < maxCalls) {
      spend.open(call, wanted.usd, at);
      const { usd, limitUsd, isHeld } = await claim(context, row, call, wanted.usd);
      if (usd > 0) {
        const { paidBy = wanted.payer } = row.progress;
        store.note({ paidBy: paidBy === wanted.payer ? paidBy : 'both' });
        return ok(call);
      }
      spend.close(call);
      if (!isHeld && limitUsd !== undefined) {
        endOverBudget(context, limitUsd);
        return refused(`The budget of ${limitUsd} USD is used up.`);
      }
      if (others.length === 0) break;
    }
    await context.nextChange(until - at);
  }
  return BUSY;
}

/** Whether an open call may go on: its reservation is not used up, or could be raised. */
async function mayGoOn(context: BudgetContext, row: JobRow, id: string): Promise<boolean> {
  const call = context.spend.calls(context.now()).find((open) => open.call === id);
  if (!call || call.spent < call.reserved) return true;
  const more = Math.max(call.bound, call.spent * 2) - call.reserved;
  await claim(context, row, id, more);
  const raised = context.spend.calls(context.now()).find((open) => open.call === id);
  return raised !== undefined && raised.spent < raised.reserved;
}

/** Stores what a model call has used so far, and ends the run once it or its account has used up a budget. False: the call has to be cut. */
export async function recordSpend(context: BudgetContext, call: string, usage: Usage): Promise<boolean> {
  const row = context.store.job();
  if (!row) return false;
  const { total, risenUsd } = context.spend.record(call, usage, context.now());
  context.store.note({ spent: total });
  const own = ownBudget(row);
  const isOwnUsedUp = own !== undefined && (total.costUsd ?? 0) >= own;
  if (isOwnUsedUp) endOverBudget(context, own);
  const daily = await context.reportUse(row, total, risenUsd, heldUsd(context.spend.calls(context.now())));
  if (daily !== undefined && !isOwnUsedUp) endOverBudget(context, daily);
  if (isOwnUsedUp || daily !== undefined) return false;
  return mayGoOn(context, row, call);
}

/** Ends a call, and releases what is left of its reservation. */
export async function closeCall(context: BudgetContext, call: string): Promise<void> {
  const row = context.store.job();
  context.spend.close(call);
  context.changed();
  if (row) await context.reportUse(row, context.spend.total(), 0, heldUsd(context.spend.calls(context.now())));
}
