import { messagesReader } from '../messages/reader.ts';
import { argumentsOf } from '../option.ts';
import type { Command, Launch, Provider } from '../provider.ts';
import { sessionArguments } from '../session.ts';
import { claudeDialogue, claudePrompt } from './dialogue.ts';
import { leftOut, models, options } from './options.ts';
import { claudeUsage } from './usage.ts';

/** Run always quiet, bounded and single. Times in ms; measured ends of a failing API are in README.md. */
const ENVIRONMENT = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  // A task in the background outlives the answer and starts another turn.
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
  CLAUDE_CODE_DISABLE_CRON: '1',
  // Else "@/etc/passwd" in a prompt attaches that file.
  CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1',
  CLAUDE_CODE_MAX_RETRIES: '4',
  API_TIMEOUT_MS: '120000',
  // The least that the CLI accepts.
  CLAUDE_STREAM_IDLE_TIMEOUT_MS: '300000',
  CLAUDE_CODE_NONSTREAMING_TIMEOUT_RETRIES: '0',
  // Else bypassPermissions is refused to root, which a container's user may be.
  IS_SANDBOX: '1',
};

/** Questions go to stdout and answers come by stdin. Choices that the model offers are no question of yes or no. */
const ASKING = ['--input-format=stream-json', '--permission-prompt-tool=stdio', '--disallowedTools=AskUserQuestion'];

/** Absent options that have a default here. */
function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
  const mode = given.dangerouslySkipPermissions === true ? undefined : 'dontAsk';
  return { ...given, permissionMode: given.permissionMode ?? mode, strictMcpConfig: given.strictMcpConfig ?? true };
}

function command({ binary, prompt, options: given, session, gate, tmp }: Launch): Command {
  const { argv, files } = argumentsOf(options, withDefaults(given), tmp);
  const always = ['-p', '--output-format=stream-json', '--verbose', '--include-partial-messages', ...sessionArguments(session)];
  // A workspace's settings may run hooks and key helpers and replace the base URL; skills come with the settings.
  const isolated = given.settingSources === undefined ? ['--setting-sources=', '--disable-slash-commands'] : [];
  const asks = given.permissionMode === 'ask';
  return {
    argv: [binary, ...always, ...(asks ? ASKING : []), ...isolated, ...argv],
    env: {
      ...ENVIRONMENT,
      ANTHROPIC_BASE_URL: gate.baseUrl,
      ANTHROPIC_API_KEY: gate.token,
      NO_PROXY: new URL(gate.baseUrl).hostname,
    },
    ...(asks ? { dialogue: claudeDialogue(prompt) } : { stdin: claudePrompt(prompt) }),
    files,
  };
}

function conflicts(given: Record<string, unknown>): string[] {
  const { systemPrompt, appendSystemPrompt, permissionMode, dangerouslySkipPermissions, restricted } = given;
  const skips = dangerouslySkipPermissions === true;
  return [
    ...(systemPrompt !== undefined && appendSystemPrompt !== undefined
      ? ['systemPrompt and appendSystemPrompt exclude each other. Give one of them.']
      : []),
    ...(skips && permissionMode !== undefined && permissionMode !== 'bypassPermissions'
      ? [`dangerouslySkipPermissions contradicts permissionMode ${String(permissionMode)}. Give one of them.`]
      : []),
    ...(restricted === true && (skips || permissionMode === 'bypassPermissions')
      ? ['restricted refuses bypassPermissions. Leave one of them out.']
      : []),
  ];
}

const service: Provider['service'] = {
  url: 'https://api.anthropic.com',
  urlSetting: 'ANTHROPIC_UPSTREAM_URL',
  keys: [
    { setting: 'ANTHROPIC_API_KEY', description: 'Key of the Anthropic API.', header: 'x-api-key' },
    {
      setting: 'CLAUDE_CODE_OAUTH_TOKEN',
      description: 'Token of a Claude subscription, as `claude setup-token` prints it.',
      header: 'authorization',
      scheme: 'Bearer',
      // The service accepts an OAuth token only together with this beta.
      extra: { 'anthropic-beta': 'oauth-2025-04-20' },
    },
  ],
  keyPattern: /sk-ant-[\w-]{8,}/,
  probe: { path: '/v1/models', headers: { 'anthropic-version': '2023-06-01' } },
  paths: [
    { method: 'POST', path: /^\/v1\/messages(\/count_tokens)?$/ },
    { method: 'HEAD', path: /^\/api\/hello$/ },
  ],
  usageReader: claudeUsage,
};

/** Claude Code, print mode. */
export const claude: Provider = {
  id: 'claude',
  title: 'Claude Code',
  program: { package: '@anthropic-ai/claude-code', file: 'claude' },
  service,
  options,
  roles: { budget: 'maxBudgetUsd', turns: 'maxTurns', schema: 'jsonSchema', ephemeral: 'noSessionPersistence' },
  latestParameter: 'continueSession',
  conflicts,
  leftOut,
  models,
  permissionHint: 'Allow it with allowedTools, or choose permissionMode "ask", "acceptEdits" or "bypassPermissions".',
  command,
  reader: () => messagesReader(),
  stopSignal: 'SIGINT',
};
