import { z } from 'zod';
import { readAgents } from '../agents.ts';
import { type IgnoredCase, ignoredBy, ignoredEntries } from '../ignored.ts';
import { levelConflicts, rulesWithoutEffect } from '../may.ts';
import type { IgnoredOption } from '../provider.ts';
import { effortIssue, modelOf } from './models.ts';
import { claudePermissions } from './options.ts';
import { readRule, splitRules } from './tools.ts';

type Values = Record<string, unknown>;

/** Tools that a run has only together with another option. */
const NEEDS: Record<string, [option: string, isGiven: (given: Values) => boolean]> = {
  StructuredOutput: ['jsonSchema', ({ jsonSchema }) => jsonSchema !== undefined],
  Skill: ['settingSources', ({ settingSources }) => settingSources !== undefined],
  EnterPlanMode: ['permissionMode ask', ({ permissionMode }) => permissionMode === 'ask'],
  ExitPlanMode: ['permissionMode ask', ({ permissionMode }) => permissionMode === 'ask'],
};
const BARE_TOOLS = ['Bash', 'Edit', 'Read', 'StructuredOutput'];
/** Removed by restricted, unless tools names them. */
const RESTRICTED = ['Bash', 'WebFetch'];

const texts = z.array(z.string()).catch([]);
const rulesOf = (value: unknown) => texts.parse(value).flatMap(splitRules);
/** Names of whole tools: rules without a pattern. */
const wholeTools = (value: unknown) =>
  rulesOf(value).flatMap((rule) => {
    const { name, pattern } = readRule(rule) ?? {};
    return name === undefined || pattern !== undefined ? [] : [name];
  });
const nameIn = (rule: string) => readRule(rule)?.name ?? rule;

/** What leaves a built-in tool out of a run, besides the options that name tools; undefined if nothing does. */
function missingBecause(tool: string, given: Values): string | undefined {
  if (given.bare === true && !BARE_TOOLS.includes(tool)) return 'bare leaves it out';
  if (given.restricted === true && RESTRICTED.includes(tool)) return 'restricted leaves it out';
  const [option, isGiven] = NEEDS[tool] ?? [];
  return isGiven === undefined || isGiven(given) ? undefined : `it needs ${option}`;
}

/** The built-in tools that `tools` keeps, or undefined for all. */
function keptTools({ tools }: Values): string[] | undefined {
  const kept = wholeTools(tools);
  return tools === undefined || kept.includes('default') ? undefined : kept;
}

const hasTool = (tool: string, given: Values) =>
  missingBecause(tool, given) === undefined &&
  (keptTools(given)?.includes(tool) ?? true) &&
  !wholeTools(given.disallowedTools).includes(tool);

/** Each tool that a subagent names, with the subagent. */
const toolsOfAgents = (given: Values) =>
  Object.entries(readAgents(given.agents)).flatMap(([agent, { tools = [] }]) =>
    tools.flatMap(splitRules).map((rule) => ({ agent, rule, tool: nameIn(rule) })),
  );
const isBuiltIn = (tool: string) => tool !== '*' && !tool.startsWith('mcp__');

function toolConflicts(given: Values): string[] {
  const kept = keptTools(given);
  const named = given.tools === undefined ? [] : wholeTools(given.tools);
  const denied = wholeTools(given.disallowedTools);
  return [
    ...named.flatMap((tool) => {
      const why = missingBecause(tool, given);
      return why === undefined ? [] : [`tools cannot have ${tool}, because ${why}.`];
    }),
    ...named
      .filter((tool) => denied.includes(tool))
      .map((tool) => `${tool} is in tools and in disallowedTools. Leave it out of one.`),
    ...(given.jsonSchema !== undefined && denied.includes('StructuredOutput')
      ? ['jsonSchema needs the tool StructuredOutput. Leave it out of disallowedTools.']
      : []),
    ...toolsOfAgents(given)
      .filter(({ tool }) => isBuiltIn(tool) && kept?.includes(tool) === false)
      .map(({ agent, tool }) => `agents.${agent} names ${tool}, which tools leaves out. Add it to tools, or leave it out.`),
  ];
}

const WITHOUT_SETTINGS = ['bare', 'safeMode', 'restricted'] as const;
const CUSTOM = ['mcpServers', 'agents'] as const;

/** A message for each combination of options that Claude Code does not support, or of which it would drop a part without a report. */
export function claudeConflicts(given: Values): string[] {
  const { systemPrompt, appendSystemPrompt, permissionMode, dangerouslySkipPermissions, restricted, settingSources } = given;
  const isSkipping = dangerouslySkipPermissions === true;
  return [
    ...(systemPrompt !== undefined && appendSystemPrompt !== undefined
      ? ['systemPrompt and appendSystemPrompt cannot be combined. Give one of them.']
      : []),
    ...(isSkipping && permissionMode !== undefined && permissionMode !== 'bypassPermissions'
      ? [`dangerouslySkipPermissions contradicts permissionMode ${String(permissionMode)}. Give one of them.`]
      : []),
    ...(restricted === true && (isSkipping || permissionMode === 'bypassPermissions')
      ? ['restricted and bypassPermissions cannot be combined. Leave one of them out.']
      : []),
    ...(restricted === true && given.may === 'run' ? ['may "run" contradicts restricted. Give one of them.'] : []),
    ...WITHOUT_SETTINGS.filter((name) => given[name] === true && settingSources !== undefined).map(
      (name) => `${name} loads no settings. Leave out settingSources or ${name}.`,
    ),
    ...CUSTOM.filter((name) => given.safeMode === true && given[name] !== undefined).map(
      (name) => `safeMode loads no customizations. Leave out ${name} or safeMode.`,
    ),
    ...levelConflicts(claudePermissions, given),
    ...toolConflicts(given),
  ];
}

const isSet = (value: unknown) => value !== undefined;
const hasNoSettings = ({ settingSources }: Values) => !isSet(settingSources);
/** Options that set the system prompt. A continued conversation keeps its first one, unless the snapshot of it is off. */
const PROMPT_OPTIONS = ['systemPrompt', 'appendSystemPrompt', 'excludeDynamicSystemPromptSections', 'agent'] as const;

/** The setting of the snapshot: off in a continued conversation if the request sets the system prompt, so that it counts. */
export const snapshotOf = (given: Values, isContinued: boolean): unknown =>
  given.systemPromptSnapshot ?? (isContinued && PROMPT_OPTIONS.some((name) => isSet(given[name])) ? 'off' : undefined);

const mainAgent = ({ agent, agents }: Values) => (typeof agent === 'string' ? readAgents(agents)[agent] : undefined);
const EDITS_INSIDE =
  'the directories are inside the working directory; only skills in them would be added, which needs settingSources';

const CASES: IgnoredCase[] = [
  ...PROMPT_OPTIONS.map(
    (name): IgnoredCase => [
      name,
      ({ systemPromptSnapshot }, isContinued) => isContinued && systemPromptSnapshot === 'on',
      'the conversation keeps its system prompt, because systemPromptSnapshot is on',
    ],
  ),
  ['agent', ({ systemPrompt }) => isSet(systemPrompt), "systemPrompt replaces the agent's prompt; its tools and model apply"],
  [
    'agents',
    (given) => isSet(mainAgent(given)?.effort) || isSet(mainAgent(given)?.maxTurns),
    'effort and maxTurns of the agent that answers; give them as options of the request',
  ],
  [
    'agents',
    (given) => mainAgent(given) === undefined && !hasTool('Agent', given),
    'the run does not have the tool Agent, which calls subagents',
  ],
  ['forwardSubagentText', (given) => given.forwardSubagentText === true && !hasTool('Agent', given), 'the run has no subagents'],
  [
    'excludeDynamicSystemPromptSections',
    ({ systemPrompt, agent }) => isSet(systemPrompt) || isSet(agent),
    'systemPrompt and agent replace the prompt that has these sections',
  ],
  ['strictMcpConfig', (given) => given.strictMcpConfig === false && hasNoSettings(given), 'it needs settingSources'],
  ['includeHookEvents', (given) => given.includeHookEvents === true && hasNoSettings(given), 'hooks need settingSources'],
  ['addDir', hasNoSettings, EDITS_INSIDE],
  ['name', ({ noSessionPersistence }) => noSessionPersistence === true, 'the conversation is not kept'],
  ['fallbackModel', ({ fallbackModel, model }) => modelOf(fallbackModel) === modelOf(model), 'it is the model of the request'],
  ['effort', ({ effort, model }) => isSet(effortIssue(model, effort)), ({ effort, model }) => effortIssue(model, effort) ?? ''],
];

/** Options that Claude Code accepts and that will have no effect in a run. */
export function claudeIgnored(given: Values, isContinued: boolean): IgnoredOption[] {
  const servers = Object.keys(z.record(z.string(), z.unknown()).catch({}).parse(given.mcpServers));
  const isKnownServer = (name: string) =>
    given.strictMcpConfig === false ||
    /^mcp__.*\*/.test(name) ||
    servers.some((server) => `${name}__`.startsWith(`mcp__${server}__`));
  const unknownServers = (option: string, rules: string[]) =>
    ignoredEntries(
      option,
      rules.filter((rule) => rule.startsWith('mcp__') && !isKnownServer(nameIn(rule))),
      'mcpServers has no such server',
    );
  const isMissing = (rule: string) => isBuiltIn(nameIn(rule)) && !hasTool(nameIn(rule), given);
  const allowed = rulesOf(given.allowedTools);
  const ofAgents = toolsOfAgents(given);
  return [
    ...ignoredBy(CASES, given, isContinued),
    ...rulesWithoutEffect(claudePermissions, given),
    ...ignoredEntries('allowedTools', allowed.filter(isMissing), 'the run does not have the tool'),
    ...unknownServers('allowedTools', allowed),
    ...unknownServers('disallowedTools', rulesOf(given.disallowedTools)),
    ...ignoredEntries(
      'agents',
      ofAgents.filter(({ rule }) => isMissing(rule)).map(({ rule }) => rule),
      'the run does not have the tool',
    ),
    ...unknownServers(
      'agents',
      ofAgents.map(({ rule }) => rule),
    ),
  ];
}
