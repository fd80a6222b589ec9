import type { Denial, Item, Usage } from '../../protocol.ts';
import { resultItems, statusIn } from '../messages/result.ts';
import type { ToolResult } from '../messages/tool-result.ts';
import { countUsage } from '../messages/usage.ts';
import { summary, summaryOf, texts } from '../pieces.ts';
import { type Message, Notice, type PromptEnd } from './messages.ts';
import { resultOfEnd, resultOfError } from './result.ts';

type Update = Notice['update'];
type Of<K extends Update['sessionUpdate']> = Extract<Update, { sessionUpdate: K }>;

/** What has been read of a run. */
interface State {
  sessionId: string;
  readTool: (rawOutput: unknown, content: unknown) => ToolResult;
  /** The last message that said something. A stream that broke off is said again by another one. */
  message: { stream: number | undefined; text: string };
  count: ReturnType<typeof countUsage>;
  responses: number;
  spent: Usage | undefined;
  calls: Map<string, { tool: string; input: string }>;
  denials: Map<string, Denial>;
}

function say(state: State, stream: number | undefined, text: string): Item[] {
  const isSame = state.message.stream === stream;
  state.message = { stream, text: isSame ? state.message.text + text : text };
  return texts('text', text);
}

function startCall({ toolCallId: id, title = '', rawInput, _meta: tool = title }: Of<'tool_call'>, state: State): Item[] {
  const call = { tool, input: summaryOf(rawInput) };
  state.calls.set(id, call);
  return [{ kind: 'tool_start', id, ...call }];
}

function endCall({ toolCallId: id, status, content, rawOutput }: Of<'tool_call_update'>, state: State): Item[] {
  if (status !== 'completed' && status !== 'failed') return [];
  const { output, refusal } = state.readTool(rawOutput, content);
  const isError = status === 'failed';
  const call = state.calls.get(id) ?? { tool: '', input: '' };
  const end: Item = { kind: 'tool_end', id, isError, output: summary(output) };
  if (!isError || refusal === undefined) return [end];
  const denial = { ...call, reason: summary(refusal) };
  state.denials.set(id, denial);
  return [{ kind: 'denied', denial }, end];
}

function addUsage({ usage: tokens }: Of<'response_completed'>, state: State): Item[] {
  state.responses += 1;
  const usage = state.count(String(state.responses), tokens);
  if (usage === undefined) return [];
  state.spent = usage;
  return [{ kind: 'usage', usage }];
}

function retry({ type, attempt = 0, max_retries: of, reason = '', error_type: error }: Of<'retry_state'>): Item[] {
  return type === 'retrying' ? [{ kind: 'retry', attempt, of, status: statusIn(reason), error }] : [];
}

function itemsOf({ update, _meta }: Notice, state: State): Item[] {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      return say(state, _meta?.streamStartMs, update.content.text);
    case 'agent_thought_chunk':
      return texts('thinking', update.content.text);
    case 'tool_call':
      return startCall(update, state);
    case 'tool_call_update':
      return endCall(update, state);
    case 'response_completed':
      return addUsage(update, state);
    case 'retry_state':
      return retry(update);
    default:
      return update satisfies never;
  }
}

/** A reader for what a CLI reports of one prompt by ACP; `readTool` reads the output of a tool. */
export function acpReader(sessionId: string, readTool: State['readTool']) {
  const message: State['message'] = { stream: undefined, text: '' };
  const maps = { calls: new Map(), denials: new Map() };
  const state: State = { sessionId, readTool, message, count: countUsage(), responses: 0, spent: undefined, ...maps };
  return {
    read: (params: unknown): Item[] => {
      const notice = Notice.safeParse(params);
      // Subagents have sessions of their own.
      return notice.success && notice.data.sessionId === sessionId ? itemsOf(notice.data, state) : [];
    },
    end: (end: PromptEnd): Item[] => resultItems(resultOfEnd(end, sessionId, state.message.text), 0, state.denials),
    fail: (error: NonNullable<Message['error']>): Item[] =>
      resultItems(resultOfError(error, sessionId, state.spent), 0, state.denials),
  };
}
