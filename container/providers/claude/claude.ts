import { applyLevel } from '../may.ts';
import { argumentsOf } from '../option.ts';
import type { Command, Launch, Provider, Service } from '../provider.ts';
import { sessionArguments } from '../session.ts';
import { claudeConflicts, claudeIgnored, snapshotOf } from './combinations.ts';
import { claudeDialogue, claudePrompt, claudeReader } from './dialogue.ts';
import { claudeEndings } from './endings.ts';
import { claudeLimitEnd } from './limit.ts';
import { claudeModels, claudeRates } from './models.ts';
import { claudeLeftOut, claudeOptions, claudePermissions } from './options.ts';
import { CLAUDE_REMOVED } from './tools.ts';
import { claudeUsageReader } from './usage.ts';

/** Keeps a run quiet, bounded and alone. Times are in ms; README.md lists how long a failing API takes. */
const ENVIRONMENT = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  // A background task outlives the answer and starts another turn.
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
  CLAUDE_CODE_DISABLE_CRON: '1',
  // Without it, "@/etc/passwd" in a prompt attaches that file.
  CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1',
  // Without it, the CLI replaces older models by newer ones.
  CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP: '1',
  CLAUDE_CODE_MAX_RETRIES: '4',
  API_TIMEOUT_MS: '120000',
  // The smallest value that the CLI accepts.
  CLAUDE_STREAM_IDLE_TIMEOUT_MS: '300000',
  CLAUDE_CODE_NONSTREAMING_TIMEOUT_RETRIES: '0',
  // Without it, the CLI refuses bypassPermissions to root, and the user in a container may be root.
  IS_SANDBOX: '1',
};

/** Permission requests go to stdout, and their answers to stdin. */
const ASKING = ['--input-format=stream-json', '--permission-prompt-tool=stdio'];
const REMOVING = `--disallowedTools=${CLAUDE_REMOVED.join(',')}`;

/** Adds the defaults of the gateway. */
function withDefaults(given: Record<string, unknown>, isContinued: boolean): Record<string, unknown> {
  const permitted = applyLevel(claudePermissions, given);
  const mode = given.dangerouslySkipPermissions === true ? undefined : 'dontAsk';
  return {
    ...permitted,
    permissionMode: permitted.permissionMode ?? mode,
    strictMcpConfig: given.strictMcpConfig ?? true,
    systemPromptSnapshot: snapshotOf(given, isContinued),
  };
}

function command({ binary, prompt, options: given, session, gate, tmp, mcpConnectMs }: Launch): Command {
  const { argv, files } = argumentsOf(claudeOptions, withDefaults(given, session.mode !== 'new'), tmp);
  const always = [
    '-p',
    '--output-format=stream-json',
    '--verbose',
    '--include-partial-messages',
    REMOVING,
    ...sessionArguments(session),
  ];
  // Settings of a workspace may run hooks and key helpers and replace the base URL. Skills are part of the settings.
  const isolated = given.settingSources === undefined ? ['--setting-sources=', '--disable-slash-commands'] : [];
  const isAsking = given.permissionMode === 'ask';
  return {
    argv: [binary, ...always, ...(isAsking ? ASKING : []), ...isolated, ...argv],
    env: {
      ...ENVIRONMENT,
      ANTHROPIC_BASE_URL: gate.baseUrl,
      ANTHROPIC_API_KEY: gate.token,
      NO_PROXY: new URL(gate.baseUrl).hostname,
      ...(mcpConnectMs !== undefined && { MCP_TIMEOUT: String(mcpConnectMs) }),
    },
    ...(isAsking ? { dialogue: claudeDialogue({ prompt, session }) } : { stdin: claudePrompt(prompt) }),
    files,
  };
}

const service: Service = {
  url: 'https://api.anthropic.com',
  urlSetting: 'ANTHROPIC_UPSTREAM_URL',
  keys: [
    { setting: 'ANTHROPIC_API_KEY', description: 'Key of the Anthropic API.', header: 'x-api-key' },
    {
      setting: 'CLAUDE_CODE_OAUTH_TOKEN',
      description: 'Token of a Claude subscription, as `claude setup-token` prints it.',
      header: 'authorization',
      scheme: 'Bearer',
      isPersonal: true,
      // The service accepts an OAuth token only together with this beta.
      extra: { 'anthropic-beta': 'oauth-2025-04-20' },
    },
  ],
  keyPattern: /sk-ant-[\w-]{8,}/,
  probe: { path: '/v1/models', headers: { 'anthropic-version': '2023-06-01' } },
  paths: [
    { method: 'POST', path: /^\/v1\/messages$/ },
    { method: 'POST', path: /^\/v1\/messages\/count_tokens$/, isFree: true },
    { method: 'HEAD', path: /^\/api\/hello$/ },
  ],
  outputLimit: 'max_tokens',
  rates: claudeRates,
  usageReader: claudeUsageReader,
};

/** A transcript, those of its subagents, and long outputs of its tools. A memory beside it would be instructions for later runs. */
const TRANSCRIPT = /^[^/]{1,255}\/[0-9a-f-]{36}(?:\.jsonl|\/(?:subagents|tool-results)\/[^/]{1,255}\.(?:jsonl|json|txt))$/;

/** Claude Code in print mode. */
export const claude: Provider = {
  id: 'claude',
  title: 'Claude Code',
  program: { package: '@anthropic-ai/claude-code', file: 'claude' },
  service,
  options: claudeOptions,
  roles: { budget: 'maxBudgetUsd', turns: 'maxTurns', schema: 'jsonSchema', ephemeral: 'noSessionPersistence' },
  permissions: claudePermissions,
  misnamed: {
    alwaysApprove: 'may',
    yolo: 'may',
    allow: 'allowedTools',
    deny: 'disallowedTools',
    resumeLatest: 'continueSession',
    rules: 'appendSystemPrompt',
    systemPromptOverride: 'systemPrompt',
  },
  latestParameter: 'continueSession',
  conflicts: claudeConflicts,
  ignored: claudeIgnored,
  leftOut: claudeLeftOut,
  models: claudeModels,
  demoPrompt: 'In one sentence: what is a durable job?',
  permissionHint: 'Permit it with may "run" or a rule in allowedTools, or choose permissionMode "ask".',
  endings: claudeEndings,
  limitEnd: claudeLimitEnd,
  conversations: { root: '.claude/projects', file: (id) => `${id}.jsonl`, keeps: TRANSCRIPT },
  command,
  reader: claudeReader,
  stopSignal: 'SIGINT',
};
