import type { PolicyDocument, PolicyInput, Rule } from '../../policy/document.ts';

/** The states of a tool on the page of a policy. A `custom` one has conditions or limits. */
export const TOOL_STATES = ['allow', 'deny', 'hide', 'custom'] as const;
export type ToolState = (typeof TOOL_STATES)[number];

function isPlain({ action, require, deny_if, require_approval_if, limits, rate_limit, max_running }: Rule): boolean {
  const lists = [require, deny_if, require_approval_if, limits];
  return action !== 'require_approval' && lists.every((list) => list.length === 0) && !rate_limit && max_running === undefined;
}

/** The state of a tool under a document. A rule for a prefix of its name counts as custom, because the rule covers other tools too. */
export function toolState({ hide, tools, default: otherwise }: PolicyDocument, tool: string): ToolState {
  const covers = (name: string) => name === tool || (name.endsWith('*') && tool.startsWith(name.slice(0, -1)));
  if (hide.some(covers)) return 'hide';
  const own = tools[tool];
  if (own) return isPlain(own) ? ((own.action ?? 'allow') === 'deny' ? 'deny' : 'allow') : 'custom';
  return Object.keys(tools).some(covers) ? 'custom' : otherwise;
}

/** The document with a tool in another state, without the tool's rules. */
export function withState(document: PolicyInput, tool: string, state: Exclude<ToolState, 'custom'>): PolicyInput {
  const { [tool]: _before, ...others } = document.tools ?? {};
  const hide = (document.hide ?? []).filter((name) => name !== tool);
  if (state === 'hide') return { ...document, hide: [...hide, tool], tools: others };
  return { ...document, hide, tools: { ...others, [tool]: state === 'deny' ? { action: 'deny' } : {} } };
}
