import type { Policy } from './compile.ts';
import { evaluate, type JudgedCall, type Verdict } from './evaluate.ts';

/** A policy within a ceiling: a call has to pass both. */
export const withinCeiling = (policy: Policy, ceiling: Policy): Policy => ({
  ...policy,
  ceiling,
  isHidden: (tool) => policy.isHidden(tool) || ceiling.isHidden(tool),
});

const named = <T extends { rule: string }>(reason: T): T => ({ ...reason, rule: `ceiling.${reason.rule}` });

/** A ceiling's verdict, with rules that name it. Its counters are its own, because a policy may use the same names for other calls. */
const ofCeiling = (verdict: Verdict): Verdict =>
  verdict.kind === 'pass'
    ? {
        ...verdict,
        charges: verdict.charges.map((charge) => named({ ...charge, counter: `ceiling ${charge.counter}` })),
        approvals: verdict.approvals.map(named),
        ...(verdict.maxRunning && { maxRunning: named(verdict.maxRunning) }),
      }
    : named(verdict);

/** The stricter of the verdicts of a policy and of its ceiling; both, if the call passes both. */
function stricter(own: Verdict, ofItsCeiling: Verdict): Verdict {
  const bound = ofCeiling(ofItsCeiling);
  if (own.kind !== 'pass') return bound.kind === 'hide' ? bound : own;
  if (bound.kind !== 'pass') return bound;
  const running = [own.maxRunning, bound.maxRunning].filter((limit) => limit !== undefined);
  const [maxRunning] = running.sort((one, other) => one.max - other.max);
  return {
    ...own,
    charges: [...own.charges, ...bound.charges],
    approvals: [...own.approvals, ...bound.approvals],
    ...(maxRunning && { maxRunning }),
  };
}

/** Judges a call under a policy and its ceiling. Pure. */
export function evaluateWithin(policy: Policy, call: JudgedCall): Verdict {
  const own = evaluate(policy, call);
  return policy.ceiling ? stricter(own, evaluate(policy.ceiling, call)) : own;
}
