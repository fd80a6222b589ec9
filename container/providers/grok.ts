import { argumentsOf } from './arguments.ts';
import { leftOut, models, options, synonyms } from './grok-options.ts';
import { readGrokTool } from './grok-output.ts';
import { chooseTools, hasSubagents, toolConflicts } from './grok-tools.ts';
import { messagesReader } from './messages-reader.ts';
import { grokPrompt } from './prompt.ts';
import type { Command, Launch, Provider } from './provider.ts';
import { sessionArguments } from './session.ts';

/** Run always quiet, bounded and single. Measured ends of a failing API are in README.md. */
const ENVIRONMENT = {
  GROK_DISABLE_AUTOUPDATER: '1',
  GROK_TELEMETRY_ENABLED: '0',
  GROK_TELEMETRY_TRACE_UPLOAD: '0',
  GROK_FEEDBACK_ENABLED: '0',
  // Sends the whole conversation once more after each turn.
  GROK_TURN_SUMMARY: '0',
  // Else a failing API is tried for four rounds of max_retries.
  GROK_TURN_TRANSIENT_RETRY: '0',
  GROK_ASK_USER_QUESTION: '0',
  // These need services that the gate does not pass.
  GROK_IMAGE_GEN: '0',
  GROK_IMAGE_EDIT: '0',
  GROK_VIDEO_GEN: '0',
  GROK_CONFIG: JSON.stringify({
    models: { max_retries: 3, inference_idle_timeout_secs: 300 },
    features: { managed_config: false },
  }),
};

function toolArguments(given: Record<string, unknown>): string[] {
  const { allowed, disallowed } = chooseTools(given);
  return [`--disallowed-tools=${disallowed.join(',')}`, ...(allowed ? [`--tools=${allowed.join(',')}`] : [])];
}

/** Absent options that have a default here. */
function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
  const mode = given.alwaysApprove === true ? undefined : 'dontAsk';
  return { ...given, permissionMode: given.permissionMode ?? mode, noSubagents: !hasSubagents(given) };
}

function command({ binary, prompt, options: given, session, gate, home, tmp }: Launch): Command {
  const { argv, files } = argumentsOf(options, withDefaults(given), tmp);
  const promptFile = `${tmp}/prompt.txt`;
  const output = ['--output-format=streaming-messages-json', '--include-partial-messages', '--no-auto-update'];
  return {
    argv: [binary, `--prompt-file=${promptFile}`, ...output, ...sessionArguments(session), ...toolArguments(given), ...argv],
    env: {
      ...ENVIRONMENT,
      GROK_HOME: `${home}/.grok`,
      GROK_XAI_API_BASE_URL: `${gate.baseUrl}/v1`,
      XAI_API_KEY: gate.token,
      NO_PROXY: new URL(gate.baseUrl).hostname,
    },
    files: { ...files, [promptFile]: grokPrompt(prompt) },
  };
}

function conflicts(given: Record<string, unknown>): string[] {
  const { permissionMode, alwaysApprove, agents, noSubagents } = given;
  return [
    ...synonyms
      .filter((names) => names.every((name) => given[name] !== undefined))
      .map(([ours, other]) => `${ours} and ${other} mean the same. Give ${ours} only.`),
    ...(alwaysApprove === true && permissionMode !== undefined && permissionMode !== 'bypassPermissions'
      ? [`alwaysApprove contradicts permissionMode ${String(permissionMode)}. Give one of them.`]
      : []),
    ...(agents !== undefined && noSubagents === true ? ['agents are subagents. Leave out agents or noSubagents.'] : []),
    ...toolConflicts(given),
  ];
}

/** Grok, headless. Not by ACP: `grok agent stdio` has no rules, tools, turn limit, schema or session id. */
export const grok: Provider = {
  id: 'grok',
  title: 'Grok',
  options,
  latestParameter: 'resumeLatest',
  conflicts,
  leftOut,
  models,
  command,
  reader: () => messagesReader(readGrokTool),
  stopSignal: 'SIGTERM',
  gatePaths: [
    { method: 'POST', path: /^\/v1\/responses$/ },
    { method: 'GET', path: /^\/v1\/(models|api-key)$/ },
    { method: 'GET', path: /^\/$/ },
  ],
};
