import { argumentAt } from './argument.ts';
import { CALLS, type Policy, type Quota, type ToolRule } from './compile.ts';
import type { Finding, Question } from './condition.ts';
import { isUsage, type UsageName } from './document.ts';
import { meant } from './meant.ts';

/** A call as a policy sees it. */
export interface Ask {
  tool: string;
  /** As the caller wrote them, after their check. */
  args: Record<string, unknown>;
  /** What the job that it makes is expected to use; absent: it makes none. */
  estimate?: Record<UsageName, number>;
}

/** What a call adds to a counter. */
export interface Charge extends Quota {
  /** In its unit; an estimate where that is what a job uses, to be settled when the job ends. */
  amount: number;
}

/** Which rule decides, and why. */
export interface Ground {
  /** Its place in the document. */
  rule: string;
  reason: string;
}

/** What a document says about a call. Whether its charges fit is for who keeps the counters. */
export type Verdict =
  | ({ kind: 'hide' } & Ground)
  | ({ kind: 'deny' } & Ground)
  | ({ kind: 'pass'; charges: Charge[]; approvals: Ground[]; maxRunning?: { max: number; rule: string } } & Ground);

const deny = (rule: string, reason: string): Verdict => ({ kind: 'deny', rule, reason });

/** Those of some conditions with one of these findings. */
const those = (questions: Question[], place: string, args: Ask['args'], findings: Finding[]) =>
  questions
    .map(({ text, ask }, i) => ({ rule: `${place}[${i}]`, text, finding: ask(args) }))
    .filter(({ finding }) => findings.includes(finding));

const TOO_LONG = 'the argument is too long to be judged by this pattern';

function denied({ rule, reason, action, require, denyIf }: ToolRule, args: Ask['args']): Verdict | undefined {
  if (action === 'deny') return deny(`${rule}.action`, reason ?? 'this tool is denied');
  const [unmet] = those(require, `${rule}.require`, args, ['fails', 'unjudged']);
  if (unmet) return deny(unmet.rule, reason ?? (unmet.finding === 'fails' ? `it requires ${unmet.text}` : TOO_LONG));
  const [met] = those(denyIf, `${rule}.deny_if`, args, ['holds', 'unjudged']);
  if (met) return deny(met.rule, reason ?? (met.finding === 'holds' ? `it is denied where ${met.text}` : TOO_LONG));
  return undefined;
}

/** Every ground on which a person is asked: an earlier approval of calls alike holds for one of them alone. */
function approvalsOf({ rule, reason, action, askIf }: ToolRule, args: Ask['args']): Ground[] {
  const always = action === 'require_approval' ? [{ rule: `${rule}.action`, reason: reason ?? 'this tool needs approval' }] : [];
  const met = those(askIf, `${rule}.require_approval_if`, args, ['holds', 'unjudged']);
  return [
    ...always,
    ...met.map(({ rule: place, text }) => ({ rule: place, reason: reason ?? `it needs approval where ${text}` })),
  ];
}

/** What a call counts as; undefined where its argument is no amount. */
function amountOf({ unit }: Quota, { args, estimate }: Ask): number | undefined {
  if (unit === CALLS) return 1;
  if (isUsage(unit)) return estimate?.[unit] ?? 0;
  const found = argumentAt(args, unit);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined;
}

/** What a document says about a call. Pure: the order of its rules changes nothing. */
export function evaluate(policy: Policy, ask: Ask): Verdict {
  const { tool } = ask;
  if (policy.isHidden(tool)) return { kind: 'hide', rule: 'hide', reason: 'this tool is hidden' };
  const rule = policy.ruleOf(tool);
  if (!rule && policy.document.default === 'deny')
    return deny('default', 'this tool is not listed, and what is not listed is denied');
  const args = meant(tool, ask.args);
  const refusal = rule && denied(rule, args);
  if (refusal) return refusal;
  // Only what makes a job uses anything.
  const quotas = [...policy.quotas, ...(rule?.quotas ?? [])].filter(({ unit }) => ask.estimate || !isUsage(unit));
  const charges: Charge[] = [];
  for (const quota of quotas) {
    const amount = amountOf(quota, { ...ask, args });
    if (amount === undefined) return deny(quota.rule, `${quota.unit} is counted: give it as a number from 0`);
    charges.push({ ...quota, amount });
  }
  return {
    kind: 'pass',
    rule: rule?.rule ?? 'default',
    reason: rule ? 'the tool is listed' : 'what is not listed is allowed',
    charges,
    approvals: rule ? approvalsOf(rule, args) : [],
    ...(rule?.maxRunning !== undefined && { maxRunning: { max: rule.maxRunning, rule: `${rule.rule}.max_running` } }),
  };
}
