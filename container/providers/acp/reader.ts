import type { Denial, Item, Usage } from '../../protocol.ts';
import { resultItems, statusIn } from '../messages/result.ts';
import type { ToolResult } from '../messages/tool-result.ts';
import { countUsage } from '../messages/usage.ts';
import { summaryOf, textItems } from '../pieces.ts';
import { Notice, type PromptEnd, type RpcMessage } from './messages.ts';
import { resultOfEnd, resultOfError } from './result.ts';

type Update = Notice['update'];
type Of<K extends Update['sessionUpdate']> = Extract<Update, { sessionUpdate: K }>;

/** What a prompt has reported so far. */
interface ReaderState {
  sessionId: string;
  readTool: (rawOutput: unknown, content: unknown) => ToolResult;
  /** The last message with text. After a broken stream, another message repeats its text. */
  message: { stream: number | undefined; text: string };
  count: ReturnType<typeof countUsage>;
  responses: number;
  spent: Usage | undefined;
  calls: Map<string, { tool: string; input: string }>;
  denials: Map<string, Denial>;
}

function addText(state: ReaderState, stream: number | undefined, text: string): Item[] {
  const isSame = state.message.stream === stream;
  state.message = { stream, text: isSame ? state.message.text + text : text };
  return textItems('text', text);
}

function startCall({ toolCallId: id, title = '', rawInput, _meta: tool = title }: Of<'tool_call'>, state: ReaderState): Item[] {
  const call = { tool, input: summaryOf(rawInput) };
  state.calls.set(id, call);
  return [{ kind: 'tool_start', id, ...call }];
}

function endCall({ toolCallId: id, status, content, rawOutput }: Of<'tool_call_update'>, state: ReaderState): Item[] {
  if (status !== 'completed' && status !== 'failed') return [];
  const { output, refusal } = state.readTool(rawOutput, content);
  const isError = status === 'failed';
  const call = state.calls.get(id) ?? { tool: '', input: '' };
  const end: Item = { kind: 'tool_end', id, isError, output: summaryOf(output) };
  if (!isError || refusal === undefined) return [end];
  const denial = { ...call, reason: summaryOf(refusal) };
  state.denials.set(id, denial);
  return [{ kind: 'denied', denial }, end];
}

function reportUsage({ usage: tokens }: Of<'response_completed'>, state: ReaderState): Item[] {
  state.responses += 1;
  const usage = state.count(String(state.responses), tokens);
  if (usage === undefined) return [];
  state.spent = usage;
  return [{ kind: 'usage', usage }];
}

function retryItems({ type, attempt = 0, max_retries: of, reason = '', error_type: error }: Of<'retry_state'>): Item[] {
  return type === 'retrying' ? [{ kind: 'retry', attempt, of, status: statusIn(reason), error }] : [];
}

function itemsOf({ update, _meta }: Notice, state: ReaderState): Item[] {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      return addText(state, _meta?.streamStartMs, update.content.text);
    case 'agent_thought_chunk':
      return textItems('thinking', update.content.text);
    case 'tool_call':
      return startCall(update, state);
    case 'tool_call_update':
      return endCall(update, state);
    case 'response_completed':
      return reportUsage(update, state);
    case 'retry_state':
      return retryItems(update);
    default:
      return update satisfies never;
  }
}

/** A reader for the ACP notifications of one prompt. `readTool` reads the output of a tool. */
export function acpReader(sessionId: string, readTool: ReaderState['readTool']) {
  const message: ReaderState['message'] = { stream: undefined, text: '' };
  const maps = { calls: new Map(), denials: new Map() };
  const state: ReaderState = { sessionId, readTool, message, count: countUsage(), responses: 0, spent: undefined, ...maps };
  return {
    read: (params: unknown): Item[] => {
      const notice = Notice.safeParse(params);
      // Subagents have sessions of their own.
      return notice.success && notice.data.sessionId === sessionId ? itemsOf(notice.data, state) : [];
    },
    end: (end: PromptEnd): Item[] => resultItems(resultOfEnd(end, sessionId, state.message.text), 0, state.denials),
    fail: (error: NonNullable<RpcMessage['error']>): Item[] =>
      resultItems(resultOfError(error, sessionId, state.spent), 0, state.denials),
  };
}
