import { z } from 'zod';
import { readAgents } from '../agents.ts';
import { ruleList } from '../values.ts';

/**
 * The tools of Grok 1.0.41 that a run may have, by the name that the model sees, each with its id for --tools and --disallowed-tools.
 * The CLI ignores an unknown name, so that a tool forbidden by that name would stay.
 */
export const GROK_TOOLS = {
  run_terminal_command: 'run_terminal_cmd',
  read_file: 'read_file',
  search_replace: 'search_replace',
  write: 'write',
  list_dir: 'list_dir',
  grep: 'grep',
  web_search: 'web_search',
  todo_write: 'todo_write',
  monitor: 'monitor',
  enter_plan_mode: 'enter_plan_mode',
  exit_plan_mode: 'exit_plan_mode',
  spawn_subagent: 'Agent',
  workflow: 'workflow',
  search_tool: 'search_tool',
  use_tool: 'use_tool',
};

const ids = new Map<string, string>([
  ...Object.entries(GROK_TOOLS),
  ...Object.values(GROK_TOOLS).map((id): [string, string] => [id, id]),
]);

/** Tools that the CLI offers only together with another one. */
const NEEDS = [
  ['search_replace', 'read_file'],
  ['enter_plan_mode', 'exit_plan_mode'],
  ['exit_plan_mode', 'enter_plan_mode'],
] as const;

/** Tools that are always removed: they need a person or other services, or act after the run. */
export const GROK_REMOVED = ['send_feedback', 'scheduler_create', 'scheduler_delete', 'scheduler_list', 'monitor', 'workflow'];
const SUBAGENTS = ['Agent'];
/** Tools of plan mode, which ends with a person's decision on the plan. */
export const PLAN_TOOLS = ['enter_plan_mode', 'exit_plan_mode'];

/** Tools by the names that the model sees, or by their ids. */
const anyToolNames = z
  .array(
    z.string().refine((tool) => ids.has(tool), {
      error: ({ input }) => `Unknown tool ${JSON.stringify(input)}. Known: ${Object.keys(GROK_TOOLS).join(', ')}`,
    }),
  )
  .max(50);
export const toolNames = anyToolNames.min(1);
/** Tools that a subagent has or does not have. With an unknown name, Grok would give it every tool. */
export const agentTools = anyToolNames;

/** What permission rules call each group of tools. Other names are refused by the CLI, or ignored if they have no pattern. */
const RULE_NAMES: Record<string, readonly string[]> = {
  Bash: ['run_terminal_command', 'run_terminal_cmd'],
  Read: ['read_file', 'list_dir', 'glob'],
  Edit: ['search_replace'],
  Write: ['write'],
  Grep: ['grep'],
  WebSearch: ['web_search'],
  WebFetch: ['web_fetch'],
  MCPTool: ['use_tool', 'search_tool'],
};

/** What is wrong with a permission rule, or undefined. A rule that Grok ignores would permit what it seems to deny. */
function ruleIssue(rule: string): string | undefined {
  const given = JSON.stringify(rule.slice(0, 100));
  const [, name] = /^([^()]+)(\(.*\))?$/s.exec(rule) ?? [];
  if (name === undefined) return `${given} is not a rule: write Name or Name(pattern)`;
  if (Object.hasOwn(RULE_NAMES, name)) return undefined;
  const lower = name.toLowerCase();
  const [meant] =
    Object.entries(RULE_NAMES).find(([known, tools]) => known.toLowerCase() === lower || tools.includes(lower)) ?? [];
  const hint = meant ? `Did you mean ${JSON.stringify(meant)}?` : `Known: ${Object.keys(RULE_NAMES).join(', ')}`;
  return `Unknown tool ${JSON.stringify(name.slice(0, 100))} in a rule. ${hint}`;
}

/** Permission rules. */
export const permissionRules = ruleList.superRefine((rules, context) => {
  for (const [index, rule] of rules.entries()) {
    const message = ruleIssue(rule);
    if (message) context.addIssue({ code: 'custom', path: [index], message });
  }
});

/** The tools of a run, as ids. */
interface ToolChoice {
  /** Undefined allows all. */
  allowed?: string[];
  disallowed: string[];
}

/** Checked names of tools as ids. */
export const idsOf = (names: unknown) => anyToolNames.parse(names).map((tool) => ids.get(tool) ?? tool);

/** True if the request wants subagents. They are off by default, because Grok puts their text into the middle of the answer. */
export const hasSubagents = (given: Record<string, unknown>) => given.noSubagents === false || given.agents !== undefined;

/** The tools that a request's options choose. In print mode --no-subagents and --no-plan have no effect, while these lists have. */
export function chooseTools(given: Record<string, unknown>): ToolChoice {
  const wanted = given.tools ?? given.allowedTools;
  const disallowed = [
    ...GROK_REMOVED,
    ...(hasSubagents(given) ? [] : SUBAGENTS),
    ...(given.noPlan === true || given.permissionMode === 'ask' ? PLAN_TOOLS : []),
    ...(given.disallowedTools === undefined ? [] : idsOf(given.disallowedTools)),
  ];
  return { disallowed: [...new Set(disallowed)], ...(wanted === undefined ? {} : { allowed: idsOf(wanted) }) };
}

/** Conflicts of options that choose tools. */
export function toolConflicts(given: Record<string, unknown>): string[] {
  const { allowed, disallowed } = chooseTools(given);
  const removed = given.disallowedTools === undefined ? [] : idsOf(given.disallowedTools);
  const ofAgents = Object.entries(readAgents(given.agents)).flatMap(([agent, { tools = [] }]) =>
    idsOf(tools).map((tool) => ({ agent, tool })),
  );
  const exists = (tool: string) => !disallowed.includes(tool) && (allowed?.includes(tool) ?? true);
  return [
    ...NEEDS.filter(([tool, other]) => exists(tool) && !exists(other)).map(
      ([tool, other]) => `Grok has ${tool} only together with ${other}. Allow both or neither.`,
    ),
    ...(allowed ?? [])
      .filter((tool) => GROK_REMOVED.includes(tool))
      .map((tool) => `${tool} is not available in a run, because it acts after the answer. Leave it out.`),
    ...(allowed?.includes('Agent') && !hasSubagents(given)
      ? ['Subagents need noSubagents: false. Add it, or leave out the tool.']
      : []),
    ...(allowed ?? []).filter((tool) => removed.includes(tool)).map((tool) => `${tool} is to be kept and removed. Name it once.`),
    ...(given.disableWebSearch === true && allowed?.includes('web_search')
      ? ['disableWebSearch removes web_search. Leave out one of them.']
      : []),
    ...(given.noPlan === true && allowed?.some((tool) => PLAN_TOOLS.includes(tool))
      ? ['noPlan removes the tools of plan mode. Leave out one of them.']
      : []),
    ...ofAgents
      .filter(({ tool }) => allowed?.includes(tool) === false)
      .map(({ agent, tool }) => `agents.${agent} names ${tool}, which tools leaves out. Add it to tools, or leave it out.`),
  ];
}
