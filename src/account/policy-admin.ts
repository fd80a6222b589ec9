import { ok, type Result } from '../errors.ts';
import { toolNamed } from '../policy/tools.ts';
import { eventFacts } from './audit.ts';
import { estimateOf } from './circumstances.ts';
import type { AccountContext } from './context.ts';
import { workspaceOfSession } from './submit.ts';
import type { OwnedCharge } from './tables/counters.ts';
import type { PolicyChange, PolicyMode } from './tables/policies.ts';
import type { ToolCall } from './tool-call.ts';
import { decideUnder, type PolicyDecision } from './weigh.ts';

/** Changes of a target that its state lists. */
const CHANGES_MAX = 50;

/** The policy in force for a target, and its history. */
export interface PolicyState {
  /** The policy in force: a preset's name, or the text of a document. */
  written: string;
  /** The target that it is set for: this one, "default", or "gateway" if the account has set none. */
  from: string;
  /** A preset that no policy of the account exceeds; absent without a limit. */
  ceiling?: string;
  /** The shadow policy of the target. */
  shadow?: string;
  changes: PolicyChange[];
}

export function policyState({ policies }: AccountContext, target: string, maxChanges = CHANGES_MAX): PolicyState {
  const { written, target: from } = policies.enforced(target);
  const shadow = policies.writtenFor(target, 'shadow');
  const ceiling = policies.ceiling === 'open' ? undefined : policies.ceiling;
  return { written, from, ...(ceiling && { ceiling }), ...(shadow && { shadow }), changes: policies.changes(target, maxChanges) };
}

/** Sets a target's policy, or removes it if `written` is null, and audits the change. */
export function setPolicy(
  { policies, approvals, audit }: AccountContext,
  target: string,
  mode: PolicyMode,
  written: string | null,
  by: string,
  now: number,
): Result<null> {
  const done = policies.set(target, mode, written, by, now);
  const what = written === null ? 'removed' : written.trimStart().startsWith('{') ? 'a document' : written;
  if (done.ok && mode === 'enforce') approvals.clearRemembered();
  if (done.ok) audit.add(eventFacts('policy', by, mode, now, { rule: target, reason: what }));
  return done;
}

/** A call, and the policy to try on it. */
export interface Trial {
  target: string;
  /** Absent: the policy in force for the target. */
  written?: string | undefined;
  call: ToolCall;
}

/** What a policy would decide, and the counters that the call would be charged to. */
export interface TrialResult {
  decision: PolicyDecision;
  counters: (OwnedCharge & { used: number })[];
}

/** A call with the workspace of the session that it continues, as a request is judged. */
function inItsWorkspace(account: AccountContext, call: ToolCall): ToolCall {
  const { sessionId, createNewSession, workspace: named } = call.args;
  const workspace = createNewSession === true ? undefined : workspaceOfSession(account, sessionId, named);
  return workspace === undefined ? call : { ...call, args: { ...call.args, workspace } };
}

/** Decides on a call under a policy. Changes nothing. */
export function tryPolicy(account: AccountContext, { target, written, call: asked }: Trial, now: number): Result<TrialResult> {
  const { policies, counters, jobs, limits } = account;
  const policy = written === undefined ? ok(policies.enforced(target).policy) : policies.bound(written);
  if (!policy.ok) return policy;
  const provider = toolNamed(asked.tool)?.provider;
  const call = provider === undefined ? asked : inItsWorkspace(account, asked);
  const estimate = provider === undefined ? undefined : estimateOf(provider, call.args, jobs.averageOf(provider), limits);
  const circumstances = { running: jobs.countOf(target, call.tool), ...(estimate && { estimate }) };
  const decision = decideUnder(account, policy.value, { ...call, grant: target }, circumstances, now);
  return ok({ decision, counters: decision.charges.map((charge) => ({ ...charge, used: counters.used(charge, now) })) });
}
