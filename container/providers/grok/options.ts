import { z } from 'zod';
import { agents, agentsText } from '../agents.ts';
import { dangerous, option } from '../option.ts';
import type { Provider } from '../provider.ts';
import { ARGUMENT_MAX_BYTES, json, jsonText, name, rules, text } from '../values.ts';
import { toolNames } from './tools.ts';

/** As `grok models` of Grok 1.0.41 lists them; the service may offer more. */
export const models = {
  default: 'grok-4.6',
  known: ['grok-4.6', 'grok-4.5'],
  aliases: {},
} satisfies Provider['models'];

const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
const modes = ['ask', 'default', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions', 'plan'] as const;
const shortText = text(ARGUMENT_MAX_BYTES);

/** --tools and --disallowed-tools are made of several options at once. */
const elsewhere = () => [];

/** Options of Grok that make sense without a person, a screen or another machine. */
export const options = {
  model: option('--model', name, 'Model, or latest.', (model) =>
    ['latest', 'default'].includes(model) ? [] : [`--model=${model}`],
  ),
  effort: option('--reasoning-effort', z.enum(efforts), 'How long to think; not every model has every level.'),
  reasoningEffort: option('--reasoning-effort', z.enum(efforts), 'Same as effort.'),
  permissionMode: dangerous(
    option('--permission-mode', z.enum(modes), 'Default dontAsk: a call that would ask ends the turn. ask: a person decides.'),
    'bypassPermissions',
  ),
  alwaysApprove: dangerous(option('--always-approve', z.boolean(), 'Same as bypassPermissions; deny still holds.'), true),
  allow: option('--allow', rules, 'Calls that need no permission: Bash(git *), Edit(**).'),
  deny: option('--deny', rules, 'Calls that are refused; the model goes on.'),
  tools: option('--tools', toolNames, 'Only these built-in tools.', elsewhere),
  allowedTools: option('--tools', toolNames, 'Same as tools.', elsewhere),
  disallowedTools: option('--disallowed-tools', toolNames, 'Built-in tools to remove.', elsewhere),
  disableWebSearch: option('--disable-web-search', z.boolean(), 'No web search.'),
  noPlan: option('--no-plan', z.boolean(), 'No plan mode.'),
  noSubagents: option('--no-subagents', z.boolean(), 'Default true; false lets subagents mix into the answer.'),
  maxTurns: option('--max-turns', z.int().min(1).max(10_000), 'Most model turns.'),
  maxBudgetUsd: { type: z.number().positive().max(10_000).optional().describe('Stop after this cost.') },
  systemPrompt: option('--system-prompt-override', shortText, 'Replaces the system prompt.'),
  systemPromptOverride: option('--system-prompt-override', shortText, 'Same as systemPrompt.'),
  appendSystemPrompt: option('--rules', shortText, 'Added to the system prompt.'),
  rules: option('--rules', shortText, 'Same as appendSystemPrompt.'),
  jsonSchema: option('--json-schema', json, 'JSON Schema of the answer.', (schema) => [`--json-schema=${jsonText(schema)}`]),
  agents: option('--agents', agents, 'Subagents: {name: {description, prompt}}.', (given) => [`--agents=${agentsText(given)}`]),
  agent: option('--agent', z.string().regex(/^\w[\w-]{0,99}$/, 'is no name of an agent'), 'Agent that answers.'),
  verbatim: option('--verbatim', z.boolean(), 'Send the prompt without its frame.'),
} satisfies Provider['options'];

export const synonyms = [
  ['effort', 'reasoningEffort'],
  ['tools', 'allowedTools'],
  ['systemPrompt', 'systemPromptOverride'],
  ['appendSystemPrompt', 'rules'],
] as const;

const isScreen = 'needs a screen or a person';
const hostPath = 'names a path of the machine';
const isRemote = 'belongs to another transport';

/** Flags of --help and of agent --help that are no option here, each with its reason. */
export const leftOut = {
  '--cli-chat-proxy-base-url': 'the gate is the only service',
  '--continue': 'the gateway knows the latest session and resumes it by id',
  '--cwd': 'the gateway chooses the directory',
  '--debug': 'writes a log that nobody can read',
  '--debug-file': hostPath,
  '--fullscreen': isScreen,
  '--grok-ws-origin': isRemote,
  '--grok-ws-url': isRemote,
  '--help': 'is no run',
  '--leader': 'shares a process with other runs',
  '--leader-socket': hostPath,
  '--minimal': isScreen,
  '--no-alt-screen': isScreen,
  '--oauth': isScreen,
  '--plugin-dir': hostPath,
  '--prompt-json': 'the prompt goes into a file',
  '--reauth': isScreen,
  '--restore-code': 'fetches a snapshot from a service that the gate does not pass',
  '--sandbox': 'needs bubblewrap; the container is the sandbox',
  '--single': 'the prompt goes into a file',
  '--version': 'is no run',
  '--worktree': 'the gateway chooses the directory',
  '--worktree-ref': 'the gateway chooses the directory',
  '--xai-api-base-url': 'the environment names the gate',
} satisfies Provider['leftOut'];
