import { CALLS, type Policy, type Quota, type ToolRule } from './compile.ts';
import { type CompiledCondition, type ConditionResult, type Facts, factAt } from './condition.ts';
import { isUsage, type UsageName } from './document.ts';
import { normalizeArgs } from './normalize.ts';

/** A call as a policy judges it. */
export interface JudgedCall {
  tool: string;
  /** As the caller wrote them, validated. */
  args: Facts['args'];
  /** What is known of the job that it concerns. */
  job?: Facts['job'];
  /** What its job is expected to use; absent for a call that makes no job. */
  estimate?: Record<UsageName, number>;
}

/** What a call adds to a counter. */
export interface Charge extends Quota {
  /** In its unit. Usage is estimated, and settled when the job ends. */
  amount: number;
}

/** The rule that decides, and why. */
export interface PolicyReason {
  /** Path in the document. */
  rule: string;
  reason: string;
}

/** What a document says about a call. Whether the charges exceed their limits depends on the counters, which are the account's. */
export type Verdict =
  | ({ kind: 'hide' } & PolicyReason)
  | ({ kind: 'deny' } & PolicyReason)
  | ({ kind: 'pass'; charges: Charge[]; approvals: PolicyReason[]; maxRunning?: { max: number; rule: string } } & PolicyReason);

const deny = (rule: string, reason: string): Verdict => ({ kind: 'deny', rule, reason });

/** Conditions whose result is one of `results`. */
const matching = (conditions: CompiledCondition[], place: string, facts: Facts, results: ConditionResult[]) =>
  conditions
    .map(({ text, test }, i) => ({ rule: `${place}[${i}]`, text, result: test(facts) }))
    .filter(({ result }) => results.includes(result));

const TOO_LONG = 'the argument is too long for this pattern';

function denialOf({ rule, reason, action, require, denyIf }: ToolRule, facts: Facts): Verdict | undefined {
  if (action === 'deny') return deny(`${rule}.action`, reason ?? 'this tool is denied');
  const [unmet] = matching(require, `${rule}.require`, facts, ['fails', 'indeterminate']);
  if (unmet) return deny(unmet.rule, reason ?? (unmet.result === 'fails' ? `it requires ${unmet.text}` : TOO_LONG));
  const [met] = matching(denyIf, `${rule}.deny_if`, facts, ['holds', 'indeterminate']);
  if (met) return deny(met.rule, reason ?? (met.result === 'holds' ? `it is denied if ${met.text}` : TOO_LONG));
  return undefined;
}

/** All reasons why a call needs approval, because an earlier approval for an hour covers one rule only. */
function approvalsOf({ rule, reason, action, askIf }: ToolRule, facts: Facts): PolicyReason[] {
  const always = action === 'require_approval' ? [{ rule: `${rule}.action`, reason: reason ?? 'this tool needs approval' }] : [];
  const met = matching(askIf, `${rule}.require_approval_if`, facts, ['holds', 'indeterminate']);
  return [...always, ...met.map(({ rule: place, text }) => ({ rule: place, reason: reason ?? `it needs approval if ${text}` }))];
}

/** What a call counts as, or undefined if the counted argument is not an amount. */
function amountOf({ unit }: Quota, facts: Facts, estimate: JudgedCall['estimate']): number | undefined {
  if (unit === CALLS) return 1;
  if (isUsage(unit)) return estimate?.[unit] ?? 0;
  const found = factAt(facts, unit);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined;
}

/** Judges a call, without the policy's ceiling. Pure. The order of the rules in the document does not matter. */
export function evaluate(policy: Policy, call: JudgedCall): Verdict {
  const { tool } = call;
  if (policy.isHidden(tool)) return { kind: 'hide', rule: 'hide', reason: 'this tool is hidden' };
  const rule = policy.ruleOf(tool);
  if (!rule && policy.document.default === 'deny')
    return deny('default', 'this tool is not listed, and unlisted tools are denied');
  const facts = { args: normalizeArgs(tool, call.args), job: call.job ?? {} };
  const refusal = rule && denialOf(rule, facts);
  if (refusal) return refusal;
  // Limits on usage apply only to calls that make a job.
  const quotas = [...policy.quotas, ...(rule?.quotas ?? [])].filter(({ unit }) => call.estimate || !isUsage(unit));
  const charges: Charge[] = [];
  for (const quota of quotas) {
    const amount = amountOf(quota, facts, call.estimate);
    if (amount === undefined)
      return deny(quota.rule, `${quota.unit} must be a non-negative number, because the policy counts it`);
    charges.push({ ...quota, amount });
  }
  return {
    kind: 'pass',
    rule: rule?.rule ?? 'default',
    reason: rule ? 'the tool is listed' : 'unlisted tools are allowed',
    charges,
    approvals: rule ? approvalsOf(rule, facts) : [],
    ...(rule?.maxRunning !== undefined && { maxRunning: { max: rule.maxRunning, rule: `${rule.rule}.max_running` } }),
  };
}
