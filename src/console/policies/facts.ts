import type { PolicyState, TrialResult } from '../../account/policy-admin.ts';
import type { PolicyChange } from '../../account/tables/policies.ts';
import { type GrantName, grantNameOf } from '../../auth/oauth/grants.ts';
import { sentence } from '../../errors.ts';
import { type PolicyInput, readDocument } from '../../policy/document.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { isPreset, PRESETS } from '../../policy/presets.ts';
import { RISKS } from '../../policy/risk.ts';
import { KNOWN_TOOLS } from '../../policy/tools.ts';
import { type ToolState, toolState } from './tool-state.ts';
import type { ShownPolicy, ShownTool } from './view.ts';

const pretty = (document: PolicyInput) => JSON.stringify(document, null, 2);

/** A stored policy as an editable document. */
export const documentOf = (written: string): PolicyInput => (isPreset(written) ? PRESETS[written].written : JSON.parse(written));

/** A stored policy in words. */
const policyWords = (written: string) => (isPreset(written) ? `Preset ${written}.` : 'Custom document.');

/** Source of a target's policy, in words. */
function sourceWords(target: string, { from, ceiling }: PolicyState): string {
  const source = from === target ? 'Own policy.' : from === 'gateway' ? 'Gateway default.' : 'Account default.';
  return ceiling === undefined ? source : `${source} The operator allows no more than the preset ${ceiling}.`;
}

/** An entry of the list of policies. */
export const shownPolicy = ({ id, name }: GrantName, state: PolicyState): ShownPolicy => ({
  target: id,
  name,
  policy: policyWords(state.written),
  from: sourceWords(id, state),
  shadow: state.shadow && policyWords(state.shadow),
});

/** Looks up a tool's state under a stored policy. */
export function statesUnder(written: string): (tool: string) => ToolState {
  const document = readDocument(documentOf(written));
  return (tool) => (document.ok ? toolState(document.value, tool) : 'custom');
}

function shownTools(written: string): ShownTool[] {
  const state = statesUnder(written);
  return KNOWN_TOOLS.map(({ name, risk }) => ({ name, risk, words: RISKS[risk].words, state: state(name) }));
}

function shownWritten({ written, isCut }: PolicyChange): string {
  if (written === null) return 'Removed.';
  if (isPreset(written)) return `Preset ${written}.`;
  return isCut ? `${written}… [the rest is not shown]` : pretty(JSON.parse(written));
}

const shownChange = (grants: GrantName[]) => (change: PolicyChange) => ({
  at: change.at,
  by: grantNameOf(grants, change.by),
  mode: change.mode,
  policy: shownWritten(change),
});

/** What the page of a target shows of its policy. */
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
  hold: 'Needs approval',
  deny: 'Denied',
  hide: 'Hidden',
  limit: 'Over the limit',
  busy: 'Too many running',
} as const;

/** What would be decided on a tested call. */
export const shownTrial = ({ decision, counters }: TrialResult) => ({
  decision: DECISIONS[decision.kind],
  rule: decision.rule,
  reason: sentence(decision.reason),
  counters: counters.map(
    ({ rule, used, amount, max, unit, windowS }) =>
      `${rule}: ${used} of ${max} ${unit} used in ${windowS} s; this call adds ${amount}`,
  ),
});
