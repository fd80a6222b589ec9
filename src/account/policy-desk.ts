import { RpcTarget } from 'cloudflare:workers';
import { fail, ok, type Result } from '../errors.ts';
import type { OwnedCharge } from './counters.ts';
import { estimateOf } from './estimate.ts';
import type { Parts } from './parts.ts';
import type { Weighed } from './permissions.ts';
import { DEFAULT_TARGET, type PolicyChange, type PolicyMode, policyOf, type SetPolicy } from './policies.ts';
import { otherFacts, type ToolCall } from './tool-call.ts';

/** Changes of a target that are shown. */
const CHANGES_SHOWN = 50;

/** What holds for a target, and how it came to that. */
export interface PolicyState {
  /** The policy in force: a preset's name, or the text of a document. */
  written: string;
  /** Where it comes from: the target itself, "default", or "gateway" where the account set none. */
  from: string;
  /** The policy that is tried beside it. */
  shadow?: string;
  changes: PolicyChange[];
}

/** A call to try a policy on. */
export interface Trial {
  target: string;
  /** Absent: the policy that is in force for the target. */
  written?: string | undefined;
  call: ToolCall;
  /** The provider of a tool that makes a job. */
  provider?: string | undefined;
}

/** What a call would be counted as, and how far its counter is. */
export type CounterState = OwnedCharge & { used: number };

/** The policies of an account, as its pages and tools read and change them. */
export class PolicyDesk extends RpcTarget {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  /** Every policy that is set, and what a grant without one of its own is held to. */
  all(): { policies: SetPolicy[]; fallback: string } {
    const { policies } = this.#parts;
    return { policies: policies.all(), fallback: policies.enforced(DEFAULT_TARGET).written };
  }

  state(target: string): PolicyState {
    const { policies } = this.#parts;
    const { written, target: from } = policies.enforced(target);
    const shadow = policies.all().find((policy) => policy.target === target && policy.mode === 'shadow')?.written;
    return { written, from, ...(shadow && { shadow }), changes: policies.changes(target, CHANGES_SHOWN) };
  }

  /** True where a tool is hidden from a grant: it is not listed, and answers as unknown. */
  hidden(grant: string, tools: string[]): string[] {
    const { policy } = this.#parts.policies.enforced(grant);
    return tools.filter((tool) => policy.isHidden(tool));
  }

  /** Sets a target's policy, or takes it away where `written` is null. It holds from the next call on. */
  set(target: string, mode: PolicyMode, written: string | null, by: string): Result<null> {
    const now = Date.now();
    const done = this.#parts.policies.set(target, mode, written, by, now);
    const what = written === null ? 'taken away' : written.startsWith('{') ? 'a document' : written;
    if (done.ok) this.#parts.audit.add(otherFacts('policy', by, mode, now, { rule: target, reason: what }));
    return done;
  }

  /** What a policy would decide on a call, with the counters as they are. Changes nothing. */
  test({ target, written, call, provider }: Trial): Result<{ weighed: Weighed; counters: CounterState[] }> {
    const { policies, permissions, counters, store, limits } = this.#parts;
    const policy = written === undefined ? ok(policies.enforced(target).policy) : policyOf(written);
    if (!policy.ok) return fail(policy.failure);
    const estimate = provider === undefined ? undefined : estimateOf(call.args, store.averageOf(provider), limits);
    const circumstances = { running: store.countOf(target, call.tool), ...(estimate && { estimate }) };
    const now = Date.now();
    const weighed = permissions.weighUnder(policy.value, { ...call, grant: target }, circumstances, now);
    const states = weighed.charges.map((charge) => ({ ...charge, used: counters.used(charge, now) }));
    return ok({ weighed, counters: states });
  }
}
