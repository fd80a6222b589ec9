import { applyLevel, levelConflicts } from '../may.ts';
import { messagesReader } from '../messages/reader.ts';
import { argumentsOf } from '../option.ts';
import type { Command, Launch, Provider, Service } from '../provider.ts';
import { sessionArguments } from '../session.ts';
import { agentProfile, askConflicts, isAsking } from './ask-mode.ts';
import { grokDialogue } from './dialogue.ts';
import { grokEndings } from './endings.ts';
import { grokIgnored } from './ignored.ts';
import { grokLeftOut, grokModels, grokOptions, grokPermissions, grokSynonyms } from './options.ts';
import { grokRates } from './prices.ts';
import { grokPrompt } from './prompt.ts';
import { readGrokTool } from './tool-output.ts';
import { chooseTools, hasSubagents, toolConflicts } from './tools.ts';
import { grokUsageReader } from './usage.ts';

const CONFIG = {
  models: { max_retries: 3, inference_idle_timeout_secs: 300 },
  features: { managed_config: false },
};

/** Keeps a run quiet, bounded and alone. README.md lists how long a failing API takes. */
const ENVIRONMENT = {
  GROK_DISABLE_AUTOUPDATER: '1',
  GROK_TELEMETRY_ENABLED: '0',
  GROK_TELEMETRY_TRACE_UPLOAD: '0',
  GROK_FEEDBACK_ENABLED: '0',
  // Would send the whole conversation again after each turn.
  GROK_TURN_SUMMARY: '0',
  // Without it, a failing API is tried for four rounds of max_retries.
  GROK_TURN_TRANSIENT_RETRY: '0',
  GROK_ASK_USER_QUESTION: '0',
  // These need services that the gate does not allow.
  GROK_IMAGE_GEN: '0',
  GROK_IMAGE_EDIT: '0',
  GROK_VIDEO_GEN: '0',
  GROK_CONFIG: JSON.stringify(CONFIG),
};

/** Silences agent mode, which repeats each failure on stderr. Commands of the run keep their logs. */
const AGENT_ENVIRONMENT = {
  RUST_LOG: 'off',
  GROK_CONFIG: JSON.stringify({ ...CONFIG, shell_environment_policy: { exclude: ['RUST_LOG'] } }),
};

function toolArguments(given: Record<string, unknown>): string[] {
  const { allowed, disallowed } = chooseTools(given);
  return [`--disallowed-tools=${disallowed.join(',')}`, ...(allowed ? [`--tools=${allowed.join(',')}`] : [])];
}

/** Adds the defaults of the gateway. */
function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
  // In print mode, Grok's own acceptEdits permits nothing.
  const isEditing = given.permissionMode === 'acceptEdits' && given.may === undefined;
  const permitted = applyLevel(grokPermissions, isEditing ? { ...given, may: 'edit' } : given);
  const mode = given.alwaysApprove === true ? undefined : 'dontAsk';
  return { ...permitted, permissionMode: permitted.permissionMode ?? mode, noSubagents: !hasSubagents(given) };
}

function command(launch: Launch): Command {
  const { gate, home } = launch;
  const env = {
    ...ENVIRONMENT,
    GROK_HOME: `${home}/.grok`,
    GROK_XAI_API_BASE_URL: `${gate.baseUrl}/v1`,
    XAI_API_KEY: gate.token,
    NO_PROXY: new URL(gate.baseUrl).hostname,
  };
  return isAsking(launch.options) ? askingCommand(launch, env) : printingCommand(launch, env);
}

function printingCommand({ binary, prompt, isPath, options: given, session, tmp }: Launch, env: Command['env']): Command {
  const { argv, files } = argumentsOf(grokOptions, withDefaults(given), tmp);
  const promptFile = `${tmp}/prompt.txt`;
  const output = ['--output-format=streaming-messages-json', '--include-partial-messages', '--no-auto-update'];
  return {
    argv: [binary, `--prompt-file=${promptFile}`, ...output, ...sessionArguments(session), ...toolArguments(given), ...argv],
    env,
    files: { ...files, [promptFile]: grokPrompt({ prompt, isPath }) },
  };
}

function askingCommand(launch: Launch, env: Command['env']): Command {
  const profile = `${launch.tmp}/agent.md`;
  return {
    argv: [launch.binary, 'agent', '--no-leader', `--agent-profile=${profile}`, 'stdio'],
    env: { ...env, ...AGENT_ENVIRONMENT },
    dialogue: grokDialogue(launch),
    files: { [profile]: agentProfile(launch.options) },
  };
}

/** A path with every byte escaped that RFC 3986 reserves. */
const subdirectory = (cwd: string) =>
  encodeURIComponent(cwd).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function conflicts(given: Record<string, unknown>): string[] {
  const { permissionMode, alwaysApprove, agents, noSubagents } = given;
  const [prompt, more] = [given.systemPrompt ?? given.systemPromptOverride, given.appendSystemPrompt ?? given.rules];
  return [
    ...grokSynonyms
      .filter((names) => names.every((name) => given[name] !== undefined))
      .map(([ours, other]) => `${ours} and ${other} mean the same. Give ${ours} only.`),
    ...(alwaysApprove === true && permissionMode !== undefined && permissionMode !== 'bypassPermissions'
      ? [`alwaysApprove contradicts permissionMode ${String(permissionMode)}. Give one of them.`]
      : []),
    ...(prompt !== undefined && more !== undefined
      ? ['Grok adds nothing to a system prompt of the request. Give systemPrompt or appendSystemPrompt.']
      : []),
    ...(agents !== undefined && noSubagents === true ? ['agents need subagents. Leave out agents or noSubagents.'] : []),
    ...levelConflicts(grokPermissions, given),
    ...toolConflicts(given),
    ...askConflicts(given),
  ];
}

const service: Service = {
  url: 'https://api.x.ai',
  urlSetting: 'XAI_UPSTREAM_URL',
  keys: [{ setting: 'XAI_API_KEY', description: 'Key of the xAI API.', header: 'authorization', scheme: 'Bearer' }],
  keyPattern: /xai-[\w-]{8,}/,
  probe: { path: '/v1/models' },
  paths: [
    { method: 'POST', path: /^\/v1\/responses$/ },
    { method: 'GET', path: /^\/v1\/(models|api-key)$/ },
    { method: 'GET', path: /^\/$/ },
  ],
  outputLimit: 'max_output_tokens',
  rates: grokRates,
  usageReader: grokUsageReader,
};

/** A transcript, its summary, and long outputs of its tools. Other files are left out, because some of them configure tools. */
const TRANSCRIPT = /^[^/]{1,255}\/[0-9a-f-]{36}\/(?:(?:chat_history|updates)\.jsonl|summary\.json|terminal\/[^/]{1,255}\.log)$/;

/** Grok in print mode, or in agent mode if the run asks an approver. Agent mode has no permission rules. */
export const grok: Provider = {
  id: 'grok',
  title: 'Grok',
  program: { package: '@xai-official/grok', file: 'bin/grok.br', compression: 'brotli' },
  service,
  options: grokOptions,
  roles: { budget: 'maxBudgetUsd', turns: 'maxTurns', schema: 'jsonSchema' },
  permissions: grokPermissions,
  misnamed: {
    dangerouslySkipPermissions: 'may',
    yolo: 'may',
    continueSession: 'resumeLatest',
    disallowTools: 'disallowedTools',
  },
  synonyms: grokSynonyms,
  latestParameter: 'resumeLatest',
  conflicts,
  ignored: grokIgnored,
  leftOut: grokLeftOut,
  models: grokModels,
  demoPrompt: 'In one sentence: why is a durable job useful?',
  permissionHint: 'Permit it with may "run" or a rule in allow, or choose permissionMode "ask".',
  endings: grokEndings,
  conversations: { root: '.grok/sessions', file: (id) => `${id}/chat_history.jsonl`, subdirectory, keeps: TRANSCRIPT },
  command,
  reader: () => messagesReader({ readTool: readGrokTool }),
  stopSignal: 'SIGTERM',
};
