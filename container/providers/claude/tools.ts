import { z } from 'zod';
import { ruleList } from '../values.ts';

/** Built-in tools of Claude Code 2.1.330 that a run may have. A run has some of them only with certain options. */
export const CLAUDE_TOOLS = [
  ...[
    'Agent',
    'Bash',
    'Edit',
    'EnterPlanMode',
    'ExitPlanMode',
    'Glob',
    'Grep',
    'NotebookEdit',
    'Read',
    'ReportFindings',
    'Skill',
  ],
  ...['StructuredOutput', 'Task', 'TaskCreate', 'TaskGet', 'TaskList', 'TaskStop', 'TaskUpdate', 'ToolSearch'],
  ...['WebFetch', 'WebSearch', 'Write'],
];

/** Tools that are always removed: they act after the answer or on other sessions, change the directory, or need more than a yes or no. */
export const CLAUDE_REMOVED = [
  ...['AskUserQuestion', 'CronCreate', 'CronDelete', 'CronList', 'EnterWorktree', 'ExitWorktree', 'ListAgents', 'Monitor'],
  ...['ScheduleWakeup', 'SendMessage', 'Workflow'],
];

/** Rules for paths are checked under the name Edit; the CLI ignores them under these names. */
const NO_PATHS = ['Write', 'NotebookEdit'];

/** The rules in a text: the CLI separates them by commas and blanks, except inside parentheses. */
export function splitRules(text: string): string[] {
  let depth = 0;
  const marked = [...text].map((sign) => {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    return depth === 0 && /[\s,]/.test(sign) ? '\0' : sign;
  });
  return marked.join('').split('\0').filter(Boolean);
}

/** The name and the pattern of a rule: "Bash(git *)" has Bash and "(git *)". The CLI calls one tool by two names. */
export function readRule(rule: string): { name: string; pattern?: string } | undefined {
  const [, name, pattern] = /^([^()]+)(\(.*\))?$/s.exec(rule) ?? [];
  if (name === undefined) return undefined;
  return { name: name === 'Task' ? 'Agent' : name, ...(pattern !== undefined && !/^\(\*?\)$/.test(pattern) && { pattern }) };
}

/** What is wrong with a rule, or undefined. The CLI ignores an unknown name, so a tool forbidden by it would stay. */
function ruleIssue(rule: string, known: string[]): string | undefined {
  const given = JSON.stringify(rule.slice(0, 100));
  const read = readRule(rule);
  if (read === undefined) return `${given} is not a rule: write Name or Name(pattern), without a blank between them`;
  const { name, pattern } = read;
  if (pattern !== undefined && NO_PATHS.includes(name)) return `${given} has no effect: write Edit${pattern.slice(0, 100)}`;
  if (known.includes(name) || name.startsWith('mcp__')) return undefined;
  const named = JSON.stringify(name.slice(0, 100));
  if (CLAUDE_REMOVED.includes(name)) return `${named} is not available in a run: leave it out`;
  const meant = known.find((tool) => tool.toLowerCase() === name.toLowerCase());
  return `Unknown tool ${named}. ${meant ? `Did you mean ${JSON.stringify(meant)}?` : `Known: ${CLAUDE_TOOLS.join(', ')}`}`;
}

const checked = <T extends z.ZodType<string[]>>(list: T, issueOf: (rule: string) => string | undefined) =>
  list.superRefine((rules, context) => {
    for (const [index, rule] of rules.entries())
      for (const message of splitRules(rule).flatMap((one) => issueOf(one) ?? []))
        context.addIssue({ code: 'custom', path: [index], message });
  });

/** A longer name is refused before its rules are read. */
const names = z.array(z.string().max(200, { abort: true })).max(100, { abort: true });
const ANY_REMOVED = [...CLAUDE_TOOLS, ...CLAUDE_REMOVED];

/** Rules that allow calls of tools. */
export const allowRules = checked(ruleList, (rule) => ruleIssue(rule, CLAUDE_TOOLS));
/** Rules that deny calls of tools. Those that are removed anyway may be named. */
export const denyRules = checked(ruleList, (rule) => ruleIssue(rule, ANY_REMOVED));
/** Built-in tools by name. With a pattern or the name of another tool, the CLI would leave the run without it. */
export const builtInTools = checked(names, (name) =>
  /^mcp__|\(/.test(name)
    ? `${JSON.stringify(name.slice(0, 100))} is not the name of a built-in tool: put it into allowedTools`
    : ruleIssue(name, [...CLAUDE_TOOLS, 'default']),
);
/** Tools that a subagent has. */
export const agentTools = checked(names, (rule) => ruleIssue(rule, [...CLAUDE_TOOLS, '*']));
/** Tools that a subagent does not have. */
export const agentWithoutTools = checked(names, (rule) => ruleIssue(rule, ANY_REMOVED));
