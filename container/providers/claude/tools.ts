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

/** The names in a list of rules: "Bash(git *), Read" has Bash and Read. */
function namesIn(rule: string): string[] {
  let depth = 0;
  const outside = rule.replace(/[()]|[^()]+/g, (part) => {
    if (part === '(') depth += 1;
    else if (part === ')') depth -= 1;
    else if (depth <= 0) return part;
    return '';
  });
  return outside.split(/[\s,]+/).filter(Boolean);
}

/** What is wrong with a tool's name, or undefined. The CLI ignores an unknown name, so a tool forbidden by it would stay. */
function nameIssue(name: string, known: string[]): string | undefined {
  if (known.includes(name) || name.startsWith('mcp__')) return undefined;
  const given = JSON.stringify(name.slice(0, 100));
  if (CLAUDE_REMOVED.includes(name)) return `${given} is not available in a run: leave it out`;
  const lower = name.toLowerCase();
  const meant = known.find((tool) => tool.toLowerCase() === lower);
  return `Unknown tool ${given}. ${meant ? `Did you mean ${JSON.stringify(meant)}?` : `Known: ${CLAUDE_TOOLS.join(', ')}`}`;
}

const checked = <T extends z.ZodType<string[]>>(list: T, known: string[]) =>
  list.superRefine((rules, context) => {
    for (const [index, rule] of rules.entries()) {
      const wrong = namesIn(rule).find((name) => nameIssue(name, known) !== undefined);
      const message = wrong === undefined ? undefined : nameIssue(wrong, known);
      if (message) context.addIssue({ code: 'custom', path: [index], message });
    }
  });

/** Rules that allow calls of tools. */
export const allowRules = checked(ruleList, CLAUDE_TOOLS);
/** Rules that deny calls of tools. Those that are removed anyway may be named. */
export const denyRules = checked(ruleList, [...CLAUDE_TOOLS, ...CLAUDE_REMOVED]);
/** Built-in tools by name. */
export const builtInTools = checked(z.array(z.string().max(200)).max(100), [...CLAUDE_TOOLS, 'default']);
