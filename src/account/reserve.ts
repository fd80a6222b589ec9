import { providers } from '../../container/providers/index.ts';
import type { Grant, JobSpend } from '../job/budget.ts';
import type { Settlement } from '../job/finalize.ts';
import { evaluateWithin } from '../policy/ceiling.ts';
import type { AccountContext } from './context.ts';
import { SHADOW } from './weigh.ts';

/** What a job has used, and holds for its open model calls in USD. */
export interface JobUse extends Pick<Settlement, 'costUsd' | 'totalTokens'> {
  id: string;
  heldUsd: number;
}

/** Adds to what the account spent today, and stores what a job has used and holds. Returns the daily budget in USD if it is used up. */
export function recordUse({ spending, jobs, limits }: AccountContext, usd: number, job: JobUse, now: number): number | undefined {
  if (usd > 0) spending.add(usd, now);
  jobs.setUse(job.id, job);
  spending.hold(job.id, jobs.find(job.id)?.finished_at === null ? job.heldUsd : 0);
  const { dailyBudgetUsd } = limits;
  return dailyBudgetUsd > 0 && spending.today(now) >= dailyBudgetUsd ? dailyBudgetUsd : undefined;
}

/** A limit on cost. Amounts in USD. */
interface Bound {
  limitUsd: number;
  spentUsd: number;
  heldUsd: number;
}

const leftOf = ({ limitUsd, spentUsd, heldUsd }: Bound) => limitUsd - spentUsd - heldUsd;

/** Reserves up to `usd` for a model call of a job, against the daily budget and the limits of its policy: all that is left if that is less. */
export function reserveSpend(
  { spending, counters, limits }: AccountContext,
  job: string,
  usd: number,
  { spentUsd, heldUsd }: JobSpend,
  now: number,
): Grant {
  const { dailyBudgetUsd: limitUsd } = limits;
  const daily: Bound = { limitUsd, spentUsd: spending.today(now), heldUsd: spending.heldByOthers(job) + heldUsd };
  const bounds: Bound[] = [
    ...(limitUsd > 0 ? [daily] : []),
    ...counters.spendLimits(job, SHADOW).map((limit) => ({ ...limit, spentUsd: limit.spentUsd + spentUsd, heldUsd })),
  ];
  const [tightest] = bounds.sort((one, other) => leftOf(one) - leftOf(other));
  const granted = Math.max(0, Math.min(usd, tightest ? leftOf(tightest) : usd));
  spending.hold(job, heldUsd + granted);
  counters.expectCost(job, spentUsd + heldUsd + granted);
  return { usd: granted, ...(tightest && { limitUsd: tightest.limitUsd, isHeld: tightest.heldUsd > 0 }) };
}

/** A model by the names that a policy may use for it. */
function spellingsOf(provider: string, model: string): string[] {
  const { known = [], aliases = {} } = providers[provider]?.models ?? {};
  const names = [model, ...known.filter((name) => model.startsWith(name))];
  return [...new Set([...names, ...Object.keys(aliases).filter((alias) => names.includes(aliases[alias] ?? ''))])];
}

/**
 * Why the policy of a job does not allow its run to call a model, or undefined. The model that the request named was judged with it.
 * A requirement is met by any name of a model; a denial of any name counts.
 */
export function modelRefusal(
  { jobs, policies }: AccountContext,
  job: string,
  options: Record<string, unknown>,
  model: string,
): string | undefined {
  const entry = jobs.find(job);
  if (!entry) return undefined;
  const { policy } = policies.enforced(entry.grant_id);
  const judge = (args: Record<string, unknown>) => evaluateWithin(policy, { tool: entry.tool, args });
  const spellings = spellingsOf(entry.provider, model);
  const asked = judge(options);
  if (asked.kind !== 'pass' || spellings.includes(String(options.model))) return undefined;
  const verdicts = spellings.map((name) => judge({ ...options, model: name }));
  const refusals = verdicts.flatMap((verdict) => {
    if (verdict.kind !== 'pass') return [verdict];
    const [fresh] = verdict.approvals.filter(({ rule }) => !asked.approvals.some((known) => known.rule === rule));
    return fresh ? [fresh] : [];
  });
  const decisive = refusals.length === verdicts.length ? refusals[0] : refusals.find(({ rule }) => !rule.includes('.require['));
  return decisive && `The policy does not allow model ${model.slice(0, 80)} for this job: ${decisive.reason} (${decisive.rule}).`;
}
