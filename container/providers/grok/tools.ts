import { z } from 'zod';

/**
 * Grok 1.0.41's tools that exist in a run here, by the name that the model sees, with the id that --tools and --disallowed-tools
 * take. The CLI ignores a name it does not know, and with it the wish to forbid that tool.
 */
const IDS = {
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

const ids = new Map<string, string>([...Object.entries(IDS), ...Object.values(IDS).map((id): [string, string] => [id, id])]);

/** Tools that the CLI has only together with another one. */
const NEEDS = [
  ['search_replace', 'read_file'],
  ['enter_plan_mode', 'exit_plan_mode'],
  ['exit_plan_mode', 'enter_plan_mode'],
] as const;

/** Tools that no run here has: they would go to a person, to other services, or to a time after the run. */
const NEVER = ['send_feedback', 'scheduler_create', 'scheduler_delete', 'scheduler_list'];
const SUBAGENTS = ['Agent', 'workflow'];
/** Plan mode, which ends with a person's word on the plan. */
export const PLAN = ['enter_plan_mode', 'exit_plan_mode'];

/** Names of tools, as the model sees them or as the CLI knows them. */
export const toolNames = z
  .array(
    z.string().refine((tool) => ids.has(tool), {
      error: ({ input }) => `${JSON.stringify(input)} is no tool of Grok. Known: ${Object.keys(IDS).join(', ')}`,
    }),
  )
  .min(1)
  .max(50);

/** The tools that were wished for and those that are not to be, as ids. */
interface ToolChoice {
  /** Absent: all. */
  allowed?: string[];
  disallowed: string[];
}

const idsOf = (wished: unknown) => toolNames.parse(wished).map((tool) => ids.get(tool) ?? tool);

/** Subagents are there only when they are asked for: Grok puts their text into the middle of the answer. */
export const hasSubagents = (given: Record<string, unknown>) => given.noSubagents === false || given.agents !== undefined;

/** What a request's options say about tools. --no-subagents and --no-plan change nothing in print mode: these lists do. */
export function chooseTools(given: Record<string, unknown>): ToolChoice {
  const wished = given.tools ?? given.allowedTools;
  const disallowed = [
    ...NEVER,
    ...(hasSubagents(given) ? [] : SUBAGENTS),
    ...(given.noPlan === true || given.permissionMode === 'ask' ? PLAN : []),
    ...(given.disallowedTools === undefined ? [] : idsOf(given.disallowedTools)),
  ];
  return { disallowed: [...new Set(disallowed)], ...(wished === undefined ? {} : { allowed: idsOf(wished) }) };
}

/** What the CLI would refuse about a choice of tools. */
export function toolConflicts(given: Record<string, unknown>): string[] {
  const { allowed, disallowed } = chooseTools(given);
  const exists = (tool: string) => !disallowed.includes(tool) && (allowed?.includes(tool) ?? true);
  return [
    ...NEEDS.filter(([tool, other]) => exists(tool) && !exists(other)).map(
      ([tool, other]) => `Grok has ${tool} only together with ${other}. Allow both or neither.`,
    ),
    ...(allowed?.includes('Agent') && !hasSubagents(given)
      ? ['Subagents need noSubagents: false. Add it, or leave out the tool.']
      : []),
  ];
}
