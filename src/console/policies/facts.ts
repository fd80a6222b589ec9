import type { PolicyState, TrialResult } from '../../account/policy-admin.ts';
import { type PolicyChange, policyOf } from '../../account/tables/policies.ts';
import { type GrantName, nameOf } from '../../auth/oauth/grants.ts';
import type { PolicyInput } from '../../policy/document.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { isPreset, PRESETS } from '../../policy/presets.ts';
import { RISKS, TOOL_RISKS } from '../../policy/risk.ts';
import { stateOf, type ToolState } from './tool-state.ts';
import type { ShownPolicy, ShownTool } from './view.ts';

const pretty = (document: PolicyInput) => JSON.stringify(document, null, 2);

/** What was written, as a document that can be edited. */
export const documentOf = (written: string): PolicyInput => (isPreset(written) ? PRESETS[written].written : JSON.parse(written));

/** A policy in words. */
const words = (written: string) => (isPreset(written) ? `The preset ${written}.` : 'A document of its own.');

/** Where the policy of a target comes from, in words. */
function fromWords(target: string, from: string): string {
  if (from === target) return 'Set here.';
  return from === 'gateway' ? 'As the gateway ships it.' : 'From the account.';
}

/** A target in the list of policies. */
export const shownPolicy = ({ id, name }: GrantName, { written, from, shadow }: PolicyState): ShownPolicy => ({
  target: id,
  name,
  policy: words(written),
  from: fromWords(id, from),
  shadow: shadow && words(shadow),
});

/** The state of each tool under what was written. */
export function statesUnder(written: string): (tool: string) => ToolState {
  const policy = policyOf(written);
  return (tool) => (policy.ok ? stateOf(policy.value.document, tool) : 'custom');
}

function shownTools(written: string): ShownTool[] {
  const state = statesUnder(written);
  return Object.entries(TOOL_RISKS).map(([name, risk]) => ({ name, risk, words: RISKS[risk].words, state: state(name) }));
}

const shownChange =
  (grants: GrantName[]) =>
  ({ at, by, mode, written }: PolicyChange) => ({
    at,
    by: nameOf(grants, by),
    mode,
    policy: written === null ? 'Taken away.' : isPreset(written) ? `The preset ${written}.` : pretty(JSON.parse(written)),
  });

/** All that the page of a target shows of its policy. */
export function policyFacts(target: GrantName, state: PolicyState, grants: GrantName[]) {
  return {
    ...shownPolicy(target, state),
    presets: PRESET_NAMES.map((name) => ({
      name,
      about: PRESETS[name].about,
      isInForce: state.written === name && state.from === target.id,
    })),
    document: pretty(documentOf(state.written)),
    tools: shownTools(state.written),
    changes: state.changes.map(shownChange(grants)),
  };
}

const DECISIONS = {
  allow: 'Allowed',
  hold: 'Asked for',
  deny: 'Denied',
  hide: 'Hidden',
  limit: 'Over its limit',
  busy: 'Too many at once',
} as const;

/** What would be decided on a call that was tried. */
export const shownTrial = (tool: string, args: string, { decision, counters }: TrialResult) => ({
  tool,
  args,
  decision: DECISIONS[decision.kind],
  rule: decision.rule,
  reason: decision.reason,
  counters: counters.map(
    ({ rule, used, amount, max, unit, windowS }) =>
      `${rule}: ${used} of ${max} ${unit} in ${windowS} s, and this call counts ${amount}`,
  ),
});
