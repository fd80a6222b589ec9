import { z } from 'zod';
import { agentsOf, agentsText } from '../agents.ts';
import { mayOption } from '../may.ts';
import { dangerous, fileOption, limitedTo, option } from '../option.ts';
import type { Permissions, Provider } from '../provider.ts';
import { jsonObject, mcpServers, mcpServersText, plainName, promptText, READ_ONLY_RULES, relativePath } from '../values.ts';
import { modelOf } from './models.ts';
import { plainSchema } from './schema.ts';
import { agentTools, agentWithoutTools, allowRules, builtInTools, denyRules } from './tools.ts';

const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
/** The betas that the CLI sends with an API key; it leaves out others. */
const betas = ['context-1m-2025-08-07'] as const;
const modelList = z
  .string()
  .regex(/^\w[\w.:@/[\]-]*(,\w[\w.:@/[\]-]*)*$/, 'not a list of models: separate names by commas')
  .max(500);
const sources = z
  .string()
  .regex(/^(user|project|local)(,(user|project|local))*$/, 'must be some of user, project and local, separated by commas');
const modes = ['ask', 'default', 'manual', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions', 'plan'] as const;

/** Options of Claude Code that work without a person, a screen or another machine. */
export const claudeOptions = {
  model: option('--model', plainName, 'Model, alias (opus, sonnet, haiku, fable, best) or latest.', (model) =>
    ['latest', 'default'].includes(model) ? [] : [`--model=${modelOf(model)}`],
  ),
  fallbackModel: option('--fallback-model', modelList, 'Models to use if the first is overloaded.', (list) => [
    `--fallback-model=${list.split(',').map(modelOf).join(',')}`,
  ]),
  effort: option('--effort', z.enum(efforts), 'Thinking effort.'),
  may: mayOption,
  permissionMode: dangerous(
    option(
      '--permission-mode',
      z.enum(modes),
      'Instead of may. ask: an approver decides; dontAsk: a call that needs permission is denied.',
      (mode) => [`--permission-mode=${['ask', 'default'].includes(mode) ? 'manual' : mode}`],
    ),
    'bypassPermissions',
  ),
  dangerouslySkipPermissions: dangerous(
    option('--dangerously-skip-permissions', z.boolean(), 'Same as permissionMode bypassPermissions.'),
    true,
  ),
  allowedTools: limitedTo(
    READ_ONLY_RULES,
    option('--allowedTools', allowRules, 'Calls that need no permission, such as Bash(git *).'),
  ),
  disallowedTools: option('--disallowedTools', denyRules, 'Calls that are denied; a bare name removes the tool.'),
  tools: option('--tools', builtInTools, 'Built-in tools to keep; [] for none.', (tools) => [`--tools=${tools.join(',')}`]),
  restricted: option('--restricted', z.boolean(), 'No tools that run code.'),
  maxTurns: option('--max-turns', z.int().min(1).max(10_000), 'Limit of model turns.'),
  maxBudgetUsd: option('--max-budget-usd', z.number().positive().max(10_000), 'Limit of the cost in USD.'),
  systemPrompt: fileOption('--system-prompt', promptText(), 'Replaces the system prompt.', {
    name: 'system-prompt.txt',
    text: String,
    read: '--system-prompt-file',
  }),
  appendSystemPrompt: fileOption('--append-system-prompt', promptText(), 'Added to the system prompt.', {
    name: 'append-system-prompt.txt',
    text: String,
    read: '--append-system-prompt-file',
  }),
  systemPromptSnapshot: option(
    '--system-prompt-snapshot',
    z.enum(['on', 'off']),
    'on: a continued conversation keeps its prompt.',
  ),
  excludeDynamicSystemPromptSections: option('--exclude-dynamic-system-prompt-sections', z.boolean(), 'Improves cache reuse.'),
  jsonSchema: option('--json-schema', jsonObject, 'JSON Schema of the answer.', (schema) => [
    `--json-schema=${plainSchema(schema)}`,
  ]),
  agents: fileOption(
    '--agents',
    agentsOf({ tools: agentTools, disallowedTools: agentWithoutTools, efforts }),
    'Subagents: {name: {description, prompt, tools, model}}.',
    {
      name: 'agents.json',
      text: agentsText,
    },
  ),
  agent: option('--agent', plainName, 'Agent that answers.'),
  forwardSubagentText: option('--forward-subagent-text', z.boolean(), 'Add text of subagents to the raw output.'),
  mcpServers: dangerous(
    fileOption('--mcp-config', mcpServers, 'MCP servers: {name: {command, args, env} or {url, headers}}.', {
      name: 'mcp.json',
      text: mcpServersText,
    }),
  ),
  strictMcpConfig: option('--strict-mcp-config', z.boolean(), 'Default true; false: also servers from settingSources.'),
  settingSources: dangerous(
    option(
      '--setting-sources',
      sources,
      'Settings to load: user,project,local. Default none; project runs the hooks of the workspace.',
    ),
  ),
  addDir: dangerous(option('--add-dir', z.array(relativePath).max(50), 'More directories to work in, relative.')),
  bare: option('--bare', z.boolean(), 'Three tools, no hooks, no CLAUDE.md.'),
  safeMode: option('--safe-mode', z.boolean(), 'No customizations.'),
  noSessionPersistence: option('--no-session-persistence', z.boolean(), 'Do not keep the conversation.'),
  includeHookEvents: option('--include-hook-events', z.boolean(), 'Add hook events to the raw output.'),
  autocompact: option(
    '--autocompact',
    z.union([z.literal('auto'), z.int().min(100_000).max(2_000_000)]),
    'Compact the conversation at this many tokens.',
  ),
  betas: option('--betas', z.array(z.enum(betas)).max(20), 'API betas.'),
  name: option('--name', z.string().min(1).max(200), 'Title of the session.'),
} satisfies Provider['options'];

/** What the levels of `may` set. A rule for Edit covers every tool that writes files, and redirections of the shell. */
export const claudePermissions: Permissions = {
  levels: {
    read: { modes: ['dontAsk', 'default', 'manual'], rules: [] },
    // acceptEdits would also permit commands such as rm and mv.
    edit: { modes: ['dontAsk', 'default', 'manual', 'acceptEdits'], rules: ['Edit(./**)'] },
    run: { modes: ['bypassPermissions'], rules: [] },
  },
  skip: 'dangerouslySkipPermissions',
  allow: 'allowedTools',
  deny: 'disallowedTools',
  editors: ['Write', 'Edit', 'MultiEdit', 'NotebookEdit'],
};

const CLOUD_ONLY = 'works in the cloud, on another machine';
const NEEDS_SCREEN = 'needs a screen or a person';
const OUTLIVES_JOB = 'outlives the job';
const HOST_PATH = 'names a path of the machine';

/** Flags of --help that are not options here, each with its reason. */
export const claudeLeftOut = {
  '--allow-dangerously-skip-permissions': 'only offers what permissionMode sets',
  '--ax-screen-reader': NEEDS_SCREEN,
  '--background': OUTLIVES_JOB,
  '--bg': OUTLIVES_JOB,
  '--brief': 'answers with a tool call instead of text',
  '--chrome': NEEDS_SCREEN,
  '--cloud': CLOUD_ONLY,
  '--continue': 'the gateway knows the latest session and resumes it by id',
  '--debug': 'writes a log that callers cannot read',
  '--debug-file': HOST_PATH,
  '--desktop': NEEDS_SCREEN,
  '--environment': CLOUD_ONLY,
  '--file': 'downloads from a service that the gate does not allow',
  '--from-pr': CLOUD_ONLY,
  '--help': 'does not run a prompt',
  '--ide': NEEDS_SCREEN,
  '--no-chrome': NEEDS_SCREEN,
  '--permission-prompts': 'permissionMode decides whether an approver is asked',
  '--plugin-dir': HOST_PATH,
  '--plugin-url': 'loads code from a URL',
  '--prompt-suggestions': 'pays for a suggestion that is not shown',
  '--remote-control': CLOUD_ONLY,
  '--remote-control-session-name-prefix': CLOUD_ONLY,
  '--replay-user-messages': 'repeats the input',
  '--settings': 'sets hooks, key helpers and the base URL',
  '--teleport': CLOUD_ONLY,
  '--tmux': NEEDS_SCREEN,
  '--version': 'does not run a prompt',
  '--worktree': 'the gateway chooses the directory',
} satisfies Provider['leftOut'];
