import { ok, type Result } from '../errors.ts';
import type { Parts } from './context.ts';
import { estimateOf } from './estimate.ts';
import type { OwnedCharge } from './tables/counters.ts';
import { type PolicyChange, type PolicyMode, policyOf } from './tables/policies.ts';
import { otherFacts, type ToolCall } from './tool-call.ts';
import type { Weighed } from './weigh.ts';

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

export function policyState({ policies }: Parts, target: string): PolicyState {
  const { written, target: from } = policies.enforced(target);
  const shadow = policies.all().find((policy) => policy.target === target && policy.mode === 'shadow')?.written;
  return { written, from, ...(shadow && { shadow }), changes: policies.changes(target, CHANGES_SHOWN) };
}

/** Sets a target's policy, or takes it away, and notes that. */
export function setPolicy(
  { policies, approvals, audit }: Parts,
  target: string,
  mode: PolicyMode,
  written: string | null,
  by: string,
  now: number,
): Result<null> {
  const done = policies.set(target, mode, written, by, now);
  const what = written === null ? 'taken away' : written.trimStart().startsWith('{') ? 'a document' : written;
  if (done.ok && mode === 'enforce') approvals.forgetAlike();
  if (done.ok) audit.add(otherFacts('policy', by, mode, now, { rule: target, reason: what }));
  return done;
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

/** What a policy would decide, and how far the counters are that the call would be counted by. */
export interface Tried {
  weighed: Weighed;
  counters: (OwnedCharge & { used: number })[];
}

/** Weighs a call under a policy, and changes nothing. */
export function tryPolicy(parts: Parts, { target, written, call, provider }: Trial, now: number): Result<Tried> {
  const { policies, permissions, counters, store, limits } = parts;
  const policy = written === undefined ? ok(policies.enforced(target).policy) : policyOf(written);
  if (!policy.ok) return policy;
  const estimate = provider === undefined ? undefined : estimateOf(provider, call.args, store.averageOf(provider), limits);
  const circumstances = { running: store.countOf(target, call.tool), ...(estimate && { estimate }) };
  const weighed = permissions.weighUnder(policy.value, { ...call, grant: target }, circumstances, now);
  return ok({ weighed, counters: weighed.charges.map((charge) => ({ ...charge, used: counters.used(charge, now) })) });
}
