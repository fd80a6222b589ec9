import { z } from 'zod';
import { agentsOf } from '../agents.ts';
import { mayOption } from '../may.ts';
import { dangerous, limitedTo, option } from '../option.ts';
import type { Permissions, Provider } from '../provider.ts';
import { ARGUMENT_MAX_BYTES, jsonObject, jsonText, plainName, promptText, READ_ONLY_RULES } from '../values.ts';
import { AGENTS, agentsArgument } from './agents.ts';
import { agentTools, permissionRules, toolNames } from './tools.ts';

/** Models that `grok models` of Grok 1.0.41 lists, and the one that runs use. The service may have more. */
export const grokModels = {
  default: 'grok-4.5',
  known: ['grok-4.6', 'grok-4.5'],
  aliases: {},
} satisfies Provider['models'];

const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
const modes = ['ask', 'default', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions', 'plan'] as const;
const shortText = promptText(ARGUMENT_MAX_BYTES);

/** For --tools and --disallowed-tools, each of which combines several options. */
const noArguments = () => [];

/** Options of Grok that work without a person, a screen or another machine. */
export const grokOptions = {
  model: option('--model', plainName, 'Model, or latest.', (model) =>
    ['latest', 'default'].includes(model) ? [] : [`--model=${model}`],
  ),
  effort: option('--reasoning-effort', z.enum(efforts), 'Thinking effort; not every model has every level.'),
  reasoningEffort: option('--reasoning-effort', z.enum(efforts), 'Same as effort.'),
  may: mayOption,
  permissionMode: dangerous(
    option(
      '--permission-mode',
      z.enum(modes),
      'Instead of may. ask: an approver decides; dontAsk: a call that needs permission ends the turn.',
    ),
    'bypassPermissions',
  ),
  alwaysApprove: dangerous(
    option('--always-approve', z.boolean(), 'Same as permissionMode bypassPermissions; deny still applies.'),
    true,
  ),
  allow: limitedTo(
    READ_ONLY_RULES,
    option('--allow', permissionRules, 'Calls that need no permission, such as Bash(git *) or Edit(**).'),
  ),
  deny: option('--deny', permissionRules, 'Calls that are denied; the run continues.'),
  tools: option('--tools', toolNames, 'Built-in tools to keep.', noArguments),
  allowedTools: option('--tools', toolNames, 'Same as tools.', noArguments),
  disallowedTools: option('--disallowed-tools', toolNames, 'Built-in tools to remove.', noArguments),
  disableWebSearch: option('--disable-web-search', z.boolean(), 'No web search.'),
  noPlan: option('--no-plan', z.boolean(), 'No plan mode.'),
  noSubagents: option('--no-subagents', z.boolean(), 'Default true; with false, text of subagents mixes into the answer.'),
  maxTurns: option('--max-turns', z.int().min(1).max(10_000), 'Limit of model turns.'),
  maxBudgetUsd: { type: z.number().positive().max(10_000).optional().describe('Limit of the cost in USD.') },
  systemPrompt: option('--system-prompt-override', shortText, 'Replaces the system prompt.'),
  systemPromptOverride: option('--system-prompt-override', shortText, 'Same as systemPrompt.'),
  appendSystemPrompt: option('--rules', shortText, 'Added to the system prompt.'),
  rules: option('--rules', shortText, 'Same as appendSystemPrompt.'),
  jsonSchema: option('--json-schema', jsonObject, 'JSON Schema of the answer.', (schema) => [
    `--json-schema=${jsonText(schema)}`,
  ]),
  agents: option(
    '--agents',
    agentsOf({ tools: agentTools, disallowedTools: agentTools, efforts }),
    'Subagents: {name: {description, prompt}}.',
    (given) => [`--agents=${agentsArgument(given)}`],
  ),
  agent: option('--agent', z.enum(Object.keys(AGENTS)), 'Agent that answers.'),
  verbatim: option('--verbatim', z.boolean(), 'Send the prompt without the frame that the CLI adds.'),
} satisfies Provider['options'];

/** What the levels of `may` set. A rule for Edit covers both tools that write files. */
export const grokPermissions: Permissions = {
  levels: {
    read: { modes: ['dontAsk', 'default'], rules: [] },
    edit: { modes: ['dontAsk', 'default', 'acceptEdits'], rules: ['Edit(./**)'] },
    run: { modes: ['bypassPermissions'], rules: [] },
  },
  skip: 'alwaysApprove',
  allow: 'allow',
  deny: 'deny',
  editors: ['write', 'search_replace'],
};

/** Pairs of names of one option. */
export const grokSynonyms = [
  ['effort', 'reasoningEffort'],
  ['tools', 'allowedTools'],
  ['systemPrompt', 'systemPromptOverride'],
  ['appendSystemPrompt', 'rules'],
] as const;

const NEEDS_SCREEN = 'needs a screen or a person';
const HOST_PATH = 'names a path of the machine';
const OTHER_TRANSPORT = 'belongs to another transport';

/** Flags of --help and of agent --help that are not options here, each with its reason. */
export const grokLeftOut = {
  '--cli-chat-proxy-base-url': 'the gate is the only service',
  '--continue': 'the gateway knows the latest session and resumes it by id',
  '--cwd': 'the gateway chooses the directory',
  '--debug': 'writes a log that callers cannot read',
  '--debug-file': HOST_PATH,
  '--fullscreen': NEEDS_SCREEN,
  '--grok-ws-origin': OTHER_TRANSPORT,
  '--grok-ws-url': OTHER_TRANSPORT,
  '--help': 'does not run a prompt',
  '--leader': 'shares a process with other runs',
  '--leader-socket': HOST_PATH,
  '--minimal': NEEDS_SCREEN,
  '--no-alt-screen': NEEDS_SCREEN,
  '--oauth': NEEDS_SCREEN,
  '--plugin-dir': HOST_PATH,
  '--prompt-json': 'the prompt is in a file',
  '--reauth': NEEDS_SCREEN,
  '--restore-code': 'fetches a snapshot from a service that the gate does not allow',
  '--sandbox': 'needs bubblewrap; the container is the sandbox',
  '--single': 'the prompt is in a file',
  '--version': 'does not run a prompt',
  '--worktree': 'the gateway chooses the directory',
  '--worktree-ref': 'the gateway chooses the directory',
  '--xai-api-base-url': 'the environment names the gate',
} satisfies Provider['leftOut'];
