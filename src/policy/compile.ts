import { type Question, toQuestion } from './condition.ts';
import { type Limit, type PolicyDocument, type Rule, WINDOWS } from './document.ts';

/** The unit of a limit that counts calls. */
export const CALLS = 'calls';

/** A limit, ready to be counted. */
export interface Quota {
  scope: Limit['scope'];
  /** Equal for limits that count together. */
  counter: string;
  windowS: number;
  max: number;
  /** What is counted: "calls", the path of an argument, or what a job used. */
  unit: string;
  /** Its place in the document. */
  rule: string;
}

/** What holds for one tool, ready to be asked. */
export interface ToolRule {
  /** Its place in the document. */
  rule: string;
  action: NonNullable<Rule['action']>;
  reason: string | undefined;
  require: Question[];
  denyIf: Question[];
  askIf: Question[];
  quotas: Quota[];
  maxRunning: number | undefined;
}

/** A document that is ready to be asked. */
export interface Policy {
  document: PolicyDocument;
  isHidden: (tool: string) => boolean;
  /** The rule of a tool: the one of its name, else the one of the longest beginning of it. */
  ruleOf: (tool: string) => ToolRule | undefined;
  /** Limits that every call counts against. */
  quotas: Quota[];
}

const isPrefix = (name: string) => name.endsWith('*');

/** Finds what stands under a tool's name, or under the longest beginning of it that ends in a *. */
function lookup<T>(entries: [name: string, value: T][]): (tool: string) => T | undefined {
  const exact = new Map(entries.filter(([name]) => !isPrefix(name)));
  const prefixes = entries
    .filter(([name]) => isPrefix(name))
    .map(([name, value]) => ({ prefix: name.slice(0, -1), value }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (tool) => exact.get(tool) ?? prefixes.find(({ prefix }) => tool.startsWith(prefix))?.value;
}

const quota = ({ counter, window, max, scope, increment_from: from }: Limit, rule: string): Quota => ({
  scope,
  counter: from === undefined ? counter : `${counter}=${from}`,
  windowS: WINDOWS[window],
  max,
  unit: from ?? CALLS,
  rule,
});

const quotas = (limits: Limit[], place: string) => limits.map((limit, i) => quota(limit, `${place}.limits[${i}]`));

function toolRule(name: string, written: Rule): ToolRule {
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
    require: written.require.map(toQuestion),
    denyIf: written.deny_if.map(toQuestion),
    askIf: written.require_approval_if.map(toQuestion),
    quotas: [...quotas(written.limits, rule), ...ofRate],
    maxRunning,
  };
}

/** Makes a document ready: done once, however many calls it judges. */
export function compile(document: PolicyDocument): Policy {
  const hidden = lookup(document.hide.map((name) => [name, true]));
  const rules = Object.entries(document.tools).map(([name, rule]): [string, ToolRule] => [name, toolRule(name, rule)]);
  return {
    document,
    isHidden: (tool) => hidden(tool) ?? false,
    ruleOf: lookup(rules),
    quotas: quotas(document.all_tools.limits, 'all_tools'),
  };
}
