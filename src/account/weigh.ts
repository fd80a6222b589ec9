import type { Failure } from '../errors.ts';
import { CALLS, type Policy } from '../policy/compile.ts';
import { type Overrun, overrun } from '../policy/counting.ts';
import { evaluate, type Ground } from '../policy/evaluate.ts';
import { type Approvals, likeness } from './tables/approvals.ts';
import type { Counters, OwnedCharge, Used } from './tables/counters.ts';
import type { Policies } from './tables/policies.ts';
import type { ToolCall } from './tool-call.ts';

/** What a policy and its counters say about a call. */
export type Weighed = Ground & {
  /** What the call counts as, where it is not refused before that. */
  charges: OwnedCharge[];
} & ({ kind: 'hide' | 'deny' | 'busy' | 'hold' | 'allow' } | { kind: 'limit'; over: Overrun });

/** What is said of a call, and what the policy that is being tried would say. */
export interface Weighing {
  enforced: Weighed;
  shadow: Weighed | undefined;
  /** What the call counts as, should it be made; the policy that is being tried counts for itself. */
  charges: OwnedCharge[];
}

/** What has to be known of a call beside its policy. */
export interface Circumstances {
  /** What its job is expected to use; absent: it makes none. */
  estimate?: Used;
  /** Unfinished jobs of its grant and tool. */
  running: number;
}

/** What a caller waits who has too many jobs of a tool, in ms. */
const BUSY_RETRY_MS = 15_000;
const SHADOW = 'shadow:';

const limitWords = ({ used, amount, max, unit }: Overrun) =>
  unit === CALLS
    ? `${used} calls were made, the most is ${max}`
    : `${used} of ${max} (${unit}) is used, this call counts as ${amount}`;

/** Weighs the calls of an account. Reads alone: what is counted is for who makes the call. */
export class Permissions {
  readonly #policies: Policies;
  readonly #counters: Counters;
  readonly #approvals: Approvals;

  constructor(policies: Policies, counters: Counters, approvals: Approvals) {
    this.#policies = policies;
    this.#counters = counters;
    this.#approvals = approvals;
  }

  weigh(call: ToolCall, circumstances: Circumstances, now: number): Weighing {
    const enforced = this.weighUnder(this.#policies.enforced(call.grant).policy, call, circumstances, now);
    const tried = this.#policies.shadow(call.grant);
    const shadow = tried && this.weighUnder(tried, call, circumstances, now, SHADOW);
    return {
      enforced,
      shadow,
      charges: [enforced, shadow].flatMap((weighed) => (weighed && isPassed(weighed) ? weighed.charges : [])),
    };
  }

  /** What one policy says; its counters are those of `prefix`. */
  weighUnder(policy: Policy, call: ToolCall, { estimate, running }: Circumstances, now: number, prefix = ''): Weighed {
    const { grant, tool, args } = call;
    const verdict = evaluate(policy, { tool, args, ...(estimate && { estimate }) });
    if (verdict.kind !== 'pass') return { ...verdict, charges: [] };
    const charges = verdict.charges.map((charge) => ({ ...charge, owner: ownerOf(charge, grant, prefix) }));
    const over = overrun(charges, (charge) => this.#counters.used(charge, now), now);
    if (over) return { kind: 'limit', over, rule: over.rule, reason: limitWords(over), charges };
    const { approvals, maxRunning } = verdict;
    if (maxRunning && running >= maxRunning.max) {
      const reason = `${running} jobs of this tool are not over, the most is ${maxRunning.max}`;
      return { kind: 'busy', rule: maxRunning.rule, reason, charges };
    }
    const held = approvals.find(({ rule }) => !this.#approvals.mayPass(likeness({ kind: 'call', call, rule }), now));
    return {
      ...(held ?? { rule: verdict.rule, reason: verdict.reason }),
      kind: held ? 'hold' : 'allow',
      charges,
    };
  }
}

const isPassed = ({ kind }: Weighed) => kind === 'hold' || kind === 'allow';

const ownerOf = ({ scope }: { scope: 'grant' | 'account' }, grant: string, prefix: string) =>
  `${prefix}${scope === 'account' ? 'account' : `grant:${grant}`}`;

/** Why a call is refused, as its caller reads it; undefined where it is not. */
export function refusalOf(weighed: Weighed, tool: string): Failure | undefined {
  switch (weighed.kind) {
    case 'hide':
      return { code: 'unknown_tool', tool };
    case 'deny':
      return { code: 'policy_denied', tool, rule: weighed.rule, reason: weighed.reason };
    case 'limit': {
      const { rule, reason, over } = weighed;
      const code = over.unit === CALLS ? 'rate_limited' : 'budget_exceeded';
      return { code, rule, reason, ...(over.retryAfterMs !== undefined && { retryAfterMs: over.retryAfterMs }) };
    }
    case 'busy':
      return { code: 'rate_limited', rule: weighed.rule, reason: weighed.reason, retryAfterMs: BUSY_RETRY_MS };
    case 'hold':
    case 'allow':
      return undefined;
    default:
      return weighed satisfies never;
  }
}
