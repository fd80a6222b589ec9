import { type CompiledCondition, compileCondition } from './condition.ts';
import { type Limit, type PolicyDocument, type Rule, WINDOWS } from './document.ts';

/** The unit of a limit that counts calls. */
export const CALLS = 'calls';

/** A compiled limit. */
export interface Quota {
  scope: Limit['scope'];
  /** Equal for limits that count together. */
  counter: string;
  windowS: number;
  max: number;
  /** What is counted: "calls", the path of an argument, or a name of usage. */
  unit: string;
  /** Path in the document. */
  rule: string;
}

/** The compiled rule of a tool. */
export interface ToolRule {
  /** Path in the document. */
  rule: string;
  action: NonNullable<Rule['action']>;
  reason: string | undefined;
  require: CompiledCondition[];
  denyIf: CompiledCondition[];
  askIf: CompiledCondition[];
  quotas: Quota[];
  maxRunning: number | undefined;
}

/** A compiled document. */
export interface Policy {
  document: PolicyDocument;
  /** A policy that bounds this one. */
  ceiling?: Policy;
  isHidden: (tool: string) => boolean;
  /** The rule of a tool: that of its exact name, else that of the longest matching prefix. */
  ruleOf: (tool: string) => ToolRule | undefined;
  /** Limits that count every call. */
  quotas: Quota[];
}

const isPrefix = (name: string) => name.endsWith('*');

/** Finds the entry of a tool's exact name, else that of the longest matching prefix, which ends in a *. */
function lookup<T>(entries: [name: string, value: T][]): (tool: string) => T | undefined {
  const exact = new Map(entries.filter(([name]) => !isPrefix(name)));
  const prefixes = entries
    .filter(([name]) => isPrefix(name))
    .map(([name, value]) => ({ prefix: name.slice(0, -1), value }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (tool) => exact.get(tool) ?? prefixes.find(({ prefix }) => tool.startsWith(prefix))?.value;
}

const compileLimit = ({ counter, window, max, scope, increment_from: from }: Limit, rule: string): Quota => ({
  scope,
  counter: from === undefined ? counter : `${counter}=${from}`,
  windowS: WINDOWS[window],
  max,
  unit: from ?? CALLS,
  rule,
});

const compileLimits = (limits: Limit[], place: string) => limits.map((limit, i) => compileLimit(limit, `${place}.limits[${i}]`));

function compileRule(name: string, written: Rule): ToolRule {
  const rule = `tools.${name}`;
  const { action = 'allow', reason, rate_limit: rate, max_running: maxRunning } = written;
  const ofRate: Quota[] = rate
    ? [
        {
          scope: 'grant',
          counter: `${rule}.rate_limit`,
          windowS: rate.window,
          max: rate.max,
          unit: CALLS,
          rule: `${rule}.rate_limit`,
        },
      ]
    : [];
  return {
    rule,
    action,
    reason,
    require: written.require.map(compileCondition),
    denyIf: written.deny_if.map(compileCondition),
    askIf: written.require_approval_if.map(compileCondition),
    quotas: [...compileLimits(written.limits, rule), ...ofRate],
    maxRunning,
  };
}

/** Compiles a document, so that each call is judged without reading it again. */
export function compile(document: PolicyDocument): Policy {
  const hidden = lookup(document.hide.map((name) => [name, true]));
  const rules = Object.entries(document.tools).map(([name, rule]): [string, ToolRule] => [name, compileRule(name, rule)]);
  return {
    document,
    isHidden: (tool) => hidden(tool) ?? false,
    ruleOf: lookup(rules),
    quotas: compileLimits(document.all_tools.limits, 'all_tools'),
  };
}
