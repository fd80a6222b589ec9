import type { Item } from '../../protocol.ts';
import { Opened, PermissionParams, PromptEnd, RpcMessage } from '../acp/messages.ts';
import { acpReader } from '../acp/reader.ts';
import { readTexts } from '../parsed-line.ts';
import type { Dialogue, Launch, ParsedLine, PermissionRequest } from '../provider.ts';
import { promptMeta, sessionMeta, sessionSettings } from './ask-mode.ts';
import { grokPrompt } from './prompt.ts';
import { readAgentTool } from './tool-output.ts';

const METHOD_NOT_FOUND = { code: -32601, message: 'Method not found' };

/** A request to the CLI, and the items to report with it. */
interface RpcCall {
  method: string;
  params: object;
  items?: Item[];
}

/** A sequence of calls. Each receives the result of the call before. */
type Calls<T> = Generator<RpcCall, T, unknown>;

/** Opens the run's session and returns its model. The executor has moved a conversation to the directory of the run. */
function* openSession({ session, cwd, options }: Launch): Calls<string | undefined> {
  const _meta = sessionMeta(options);
  const place = { cwd, mcpServers: [] };
  if (session.mode === 'new')
    return Opened.parse(yield { method: 'session/new', params: { ...place, _meta: { ..._meta, sessionId: session.id } } });
  if (session.mode === 'fork') {
    const copy = { sourceSessionId: session.from ?? session.id, sourceCwd: cwd, newSessionId: session.id, newCwd: cwd };
    yield { method: '_x.ai/session/fork', params: copy };
  }
  return Opened.parse(yield { method: 'session/resume', params: { ...place, sessionId: session.id, _meta } });
}

/** Makes every call of a run and returns the result of the prompt. */
function* converse(launch: Launch): Calls<unknown> {
  const sessionId = launch.session.id;
  const settings = sessionSettings(launch.options);
  const clientCapabilities = { fs: { readTextFile: false, writeTextFile: false }, terminal: false };
  yield { method: 'initialize', params: { protocolVersion: 1, clientCapabilities } };
  const opened = yield* openSession(launch);
  for (const [configId, value] of Object.entries(settings))
    if (value !== undefined) yield { method: 'session/set_config_option', params: { sessionId, configId, value } };
  const prompt = [{ type: 'text', text: grokPrompt(launch) }];
  const items: Item[] = [{ kind: 'init', sessionId, model: settings.model ?? opened }];
  return yield { method: 'session/prompt', params: { sessionId, prompt, _meta: promptMeta(launch.options) }, items };
}

/** A line of JSON-RPC. */
const rpc = (fields: object) => JSON.stringify({ jsonrpc: '2.0', ...fields });

/** Converts ACP's permission request. A denial without a message would end the turn. */
function requestOf(id: string | number, { toolCall, options }: PermissionParams): PermissionRequest {
  const choose = (optionId: string, more: object = {}) =>
    rpc({ id, result: { outcome: { outcome: 'selected', optionId }, ...more } });
  return {
    id: String(id),
    tool: toolCall._meta ?? toolCall.title ?? '',
    input: JSON.stringify(toolCall.rawInput),
    answer: (allowed, reason) =>
      allowed ? choose(options.allow) : choose(options.reject, { _meta: { followup_message: reason } }),
  };
}

/** A prompt to Grok in its agent mode. */
export function grokDialogue(launch: Launch): Dialogue {
  const reader = acpReader(launch.session.id, readAgentTool);
  const calls = converse(launch);
  let made = 0;
  let isDone = false;

  function proceed(answer?: unknown): ParsedLine {
    const step = calls.next(answer);
    if (step.done) return end(reader.end(PromptEnd.parse(step.value)));
    const { method, params, items = [] } = step.value;
    made += 1;
    return { items, reply: rpc({ id: made, method, params }) };
  }

  function end(items: Item[]): ParsedLine {
    isDone = true;
    return { items, isDone };
  }

  function handleMessage({ id, method, params, result, error }: RpcMessage): ParsedLine {
    if (method === undefined && (id !== made || isDone)) return { items: [] };
    if (method === undefined) return error ? end(reader.fail(error)) : proceed(result);
    if (id === undefined) return { items: reader.read(params) };
    const permission = method === 'session/request_permission' ? PermissionParams.safeParse(params) : undefined;
    if (permission?.success) return { items: [], request: requestOf(id, permission.data) };
    return { items: [], reply: rpc({ id, error: METHOD_NOT_FOUND }) };
  }

  function readText(text: string): ParsedLine {
    try {
      const message = RpcMessage.safeParse(JSON.parse(text));
      return message.success ? handleMessage(message.data) : { items: [] };
    } catch {
      // Not valid JSON, or nested deeper than the stack.
      return { items: [] };
    }
  }

  const { reply: opening = '' } = proceed();
  return {
    opening: [opening],
    read: (line) => readTexts(line, readText),
  };
}
