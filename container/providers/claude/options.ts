import { z } from 'zod';
import { agents, agentsText } from '../agents.ts';
import { dangerous, fileOption, option } from '../option.ts';
import type { Provider } from '../provider.ts';
import { json, jsonText, mcpServers, name, relativePath, rules, text } from '../values.ts';

/** As Claude Code 2.1.330 itself resolves them; other names are passed on. */
export const models = {
  default: 'claude-opus-5-5',
  known: ['claude-fable-5-2', 'claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'],
  aliases: {
    best: 'claude-opus-5-5',
    fable: 'claude-fable-5-2',
    opus: 'claude-opus-5-5',
    sonnet: 'claude-sonnet-5-5',
    haiku: 'claude-haiku-5-5',
  },
} satisfies Provider['models'];

const aliases = new Map<string, string>(Object.entries(models.aliases));
const resolved = (model: string) => aliases.get(model) ?? model;
const modelList = z
  .string()
  .regex(/^\w[\w.:@/[\]-]*(,\w[\w.:@/[\]-]*)*$/, 'is no list of models: separate names by commas')
  .max(500);
const sources = z
  .string()
  .regex(/^(user|project|local)(,(user|project|local))*$/, 'takes user, project and local, separated by commas');
const modes = ['ask', 'default', 'manual', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions', 'plan'] as const;

/** Options of Claude Code that make sense without a person, a screen or another machine. */
export const options = {
  model: option('--model', name, 'Model, alias (opus, sonnet, haiku, fable, best) or latest.', (model) =>
    ['latest', 'default'].includes(model) ? [] : [`--model=${resolved(model)}`],
  ),
  fallbackModel: option('--fallback-model', modelList, 'Models to use when the first is busy.', (list) => [
    `--fallback-model=${list.split(',').map(resolved).join(',')}`,
  ]),
  effort: option('--effort', z.enum(['low', 'medium', 'high', 'xhigh', 'max']), 'How long to think.'),
  permissionMode: dangerous(
    option(
      '--permission-mode',
      z.enum(modes),
      'Default dontAsk: what would ask is denied and listed. ask: a person decides.',
      (mode) => [`--permission-mode=${['ask', 'default'].includes(mode) ? 'manual' : mode}`],
    ),
    'bypassPermissions',
  ),
  dangerouslySkipPermissions: dangerous(
    option('--dangerously-skip-permissions', z.boolean(), 'Same as bypassPermissions.'),
    true,
  ),
  allowedTools: option('--allowedTools', rules, 'Calls that need no permission: Bash(git *).'),
  disallowedTools: option('--disallowedTools', rules, 'Calls that are denied; a bare name removes the tool.'),
  tools: option('--tools', z.array(z.string().max(200)).max(100), 'Built-in tools that exist; [] for none.', (tools) => [
    `--tools=${tools.join(',')}`,
  ]),
  restricted: option('--restricted', z.boolean(), 'No tools that run code.'),
  maxTurns: option('--max-turns', z.int().min(1).max(10_000), 'Most model turns.'),
  maxBudgetUsd: option('--max-budget-usd', z.number().positive().max(10_000), 'Stop after this cost.'),
  systemPrompt: fileOption('--system-prompt', text(), 'Replaces the system prompt.', {
    name: 'system-prompt.txt',
    text: String,
    read: '--system-prompt-file',
  }),
  appendSystemPrompt: fileOption('--append-system-prompt', text(), 'Added to the system prompt.', {
    name: 'append-system-prompt.txt',
    text: String,
    read: '--append-system-prompt-file',
  }),
  systemPromptSnapshot: option('--system-prompt-snapshot', z.enum(['on', 'off']), 'off: take the new prompt on resume.'),
  excludeDynamicSystemPromptSections: option('--exclude-dynamic-system-prompt-sections', z.boolean(), 'For cache reuse.'),
  jsonSchema: option('--json-schema', json, 'JSON Schema of the answer.', (schema) => [`--json-schema=${jsonText(schema)}`]),
  agents: fileOption('--agents', agents, 'Subagents: {name: {description, prompt, tools, model}}.', {
    name: 'agents.json',
    text: agentsText,
  }),
  agent: option('--agent', name, 'Agent that answers.'),
  forwardSubagentText: option('--forward-subagent-text', z.boolean(), 'Put text of subagents into the raw output.'),
  mcpServers: dangerous(
    fileOption('--mcp-config', mcpServers, 'MCP servers: {name: {command, args, env} or {type, url}}.', {
      name: 'mcp.json',
      text: (servers) => JSON.stringify({ mcpServers: servers }),
    }),
  ),
  strictMcpConfig: option('--strict-mcp-config', z.boolean(), 'Default true; false: also servers from settingSources.'),
  settingSources: dangerous(
    option('--setting-sources', sources, 'Settings to load: user,project,local. Default none; project runs its hooks.'),
  ),
  addDir: dangerous(option('--add-dir', z.array(relativePath).max(50), 'More directories, relative.')),
  bare: option('--bare', z.boolean(), 'Three tools, no hooks, no CLAUDE.md.'),
  safeMode: option('--safe-mode', z.boolean(), 'No customizations.'),
  noSessionPersistence: option('--no-session-persistence', z.boolean(), 'Do not keep the conversation.'),
  includeHookEvents: option('--include-hook-events', z.boolean(), 'Put hook events into the raw output.'),
  autocompact: option(
    '--autocompact',
    z.union([z.literal('auto'), z.int().min(100_000).max(2_000_000)]),
    'Compact at these tokens.',
  ),
  betas: option('--betas', z.array(name).max(20), 'API beta headers.'),
  name: option('--name', z.string().min(1).max(200), 'Title of the session.'),
} satisfies Provider['options'];

const isCloud = 'works in the cloud, on another machine';
const isScreen = 'needs a screen or a person';
const isBackground = 'leaves the job';
const hostPath = 'names a path of the machine';

/** Flags of --help that are no option here, each with its reason. */
export const leftOut = {
  '--allow-dangerously-skip-permissions': 'only offers what permissionMode sets',
  '--ax-screen-reader': isScreen,
  '--background': isBackground,
  '--bg': isBackground,
  '--brief': 'answers by a tool and not as text',
  '--chrome': isScreen,
  '--cloud': isCloud,
  '--continue': 'the gateway knows the latest session and resumes it by id',
  '--debug': 'writes a log that nobody can read',
  '--debug-file': hostPath,
  '--desktop': isScreen,
  '--environment': isCloud,
  '--file': 'downloads from a service that the gate does not pass',
  '--from-pr': isCloud,
  '--help': 'is no run',
  '--ide': isScreen,
  '--no-chrome': isScreen,
  '--permission-prompts': 'permissionMode says whether a person is asked',
  '--plugin-dir': hostPath,
  '--plugin-url': 'loads code from a URL',
  '--prompt-suggestions': 'pays for a suggestion that nobody sees',
  '--remote-control': isCloud,
  '--remote-control-session-name-prefix': isCloud,
  '--replay-user-messages': 'repeats what the gateway said',
  '--settings': 'sets hooks, key helpers and the base URL',
  '--teleport': isCloud,
  '--tmux': isScreen,
  '--version': 'is no run',
  '--worktree': 'the gateway chooses the directory',
} satisfies Provider['leftOut'];
