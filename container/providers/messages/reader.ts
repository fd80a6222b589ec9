import type { Denial, Item } from '../../protocol.ts';
import { summaryOf, textItems } from '../pieces.ts';
import { ContentBlock, Line } from './lines.ts';
import { resultItems } from './result.ts';
import { readToolResult, type ToolResult } from './tool-result.ts';
import { countUsage } from './usage.ts';

type Of<T extends Line['type']> = Extract<Line, { type: T }>;

/** What a run has reported so far. */
interface ReaderState {
  readTool: (content: unknown) => ToolResult;
  count: ReturnType<typeof countUsage>;
  /** The main agent's message that is being streamed, and the kinds of blocks whose text was reported. */
  streamed: { id: string | undefined; kinds: Set<string> };
  /** Calls without a result, by id. */
  calls: Map<string, { tool: string; input: string }>;
  /** Denied calls of the turn, by id. */
  denials: Map<string, Denial>;
  results: number;
}

function usageItems(state: ReaderState, id: string | undefined, tokens: Parameters<ReaderState['count']>[1]): Item[] {
  const usage = id === undefined ? undefined : state.count(id, tokens);
  return usage ? [{ kind: 'usage', usage }] : [];
}

function deny(state: ReaderState, id: string, denial: Denial): Item[] {
  if (state.denials.has(id)) return [];
  state.denials.set(id, denial);
  return [{ kind: 'denied', denial }];
}

function systemItems(line: Of<'system'>, state: ReaderState): Item[] {
  switch (line.subtype) {
    case 'init':
      return [{ kind: 'init', sessionId: line.session_id, model: line.model, tools: line.tools?.length }];
    case 'api_retry': {
      const { attempt = 0, max_retries: of, retry_delay_ms: delayMs, error_status: status, error } = line;
      return [{ kind: 'retry', attempt, of, delayMs, status, error }];
    }
    case 'permission_denied': {
      const { tool_use_id: id = '', tool_name: tool = '', message: reason } = line;
      return deny(state, id, { tool, input: state.calls.get(id)?.input ?? '', reason: reason && summaryOf(reason) });
    }
    default:
      return [];
  }
}

function streamItems({ event, parent_tool_use_id }: Of<'stream_event'>, state: ReaderState): Item[] {
  // The answer is the main agent's text only. Messages of subagents are counted when they are complete.
  if (parent_tool_use_id !== undefined) return [];
  switch (event.type) {
    case 'message_start':
      state.streamed = { id: event.message.id, kinds: new Set() };
      return usageItems(state, event.message.id, event.message.usage);
    case 'content_block_delta': {
      const { text = '', thinking = '' } = event.delta ?? {};
      if (text) state.streamed.kinds.add('text');
      if (thinking) state.streamed.kinds.add('thinking');
      return [...textItems('thinking', thinking), ...textItems('text', text)];
    }
    case 'message_delta':
      return usageItems(state, state.streamed.id, event.usage);
    default:
      return [];
  }
}

function assistantItems(line: Of<'assistant'>, state: ReaderState): Item[] {
  const { id, content = [], usage } = line.message;
  const isMain = line.parent_tool_use_id === undefined && line.is_api_error_message !== true;
  const isNew = (kind: string) => isMain && !(state.streamed.id === id && state.streamed.kinds.has(kind));
  const items = blocksOf(content).flatMap((block): Item[] => {
    switch (block.type) {
      case 'text':
        return isNew('text') ? textItems('text', block.text) : [];
      case 'thinking':
        return isNew('thinking') ? textItems('thinking', block.thinking) : [];
      case 'tool_use': {
        const call = { tool: block.name, input: summaryOf(block.input) };
        state.calls.set(block.id, call);
        return [{ kind: 'tool_start', id: block.id, ...call }];
      }
      case 'tool_result':
        return [];
      default:
        return block satisfies never;
    }
  });
  return [...items, ...usageItems(state, id, usage)];
}

function userItems(line: Of<'user'>, state: ReaderState): Item[] {
  return blocksOf(line.message.content ?? []).flatMap((block): Item[] => {
    if (block.type !== 'tool_result') return [];
    const { output, refusal } = state.readTool(block.content);
    const id = block.tool_use_id;
    const isError = block.is_error === true;
    const call = state.calls.get(id) ?? { tool: '', input: '' };
    state.calls.delete(id);
    const denied = isError && refusal !== undefined ? deny(state, id, { ...call, reason: summaryOf(refusal) }) : [];
    return [...denied, { kind: 'tool_end', id, isError, output: summaryOf(output) }];
  });
}

function endTurn(line: Of<'result'>, state: ReaderState): Item[] {
  // Grok ends a turn without a report if a call needs permission.
  if (line.stop_reason === 'cancelled' && line.subtype === 'error_during_execution' && state.denials.size === 0)
    for (const [id, call] of state.calls) state.denials.set(id, { ...call, reason: 'cancelled' });
  const items = resultItems(line, state.results, state.denials);
  state.results += 1;
  state.denials = new Map();
  return items;
}

const blocksOf = (content: unknown[]): ContentBlock[] =>
  content.flatMap((block) => {
    const read = ContentBlock.safeParse(block);
    return read.success ? [read.data] : [];
  });

function itemsOf(line: Line, state: ReaderState): Item[] {
  switch (line.type) {
    case 'system':
      return systemItems(line, state);
    case 'stream_event':
      return streamItems(line, state);
    case 'assistant':
      return assistantItems(line, state);
    case 'user':
      return userItems(line, state);
    case 'result':
      return endTurn(line, state);
    default:
      return line satisfies never;
  }
}

/**
 * A reader for lines of Claude Code's stream-json, or of Grok's imitation of it. `readTool` reads the output of a tool. An unknown line
 * is `output`. Never throws.
 */
export function messagesReader(readTool: ReaderState['readTool'] = readToolResult): (line: string) => Item[] {
  const streamed: ReaderState['streamed'] = { id: undefined, kinds: new Set() };
  const state: ReaderState = { readTool, count: countUsage(), streamed, calls: new Map(), denials: new Map(), results: 0 };
  return (line) => {
    try {
      const read = Line.safeParse(JSON.parse(line));
      const items = read.success ? itemsOf(read.data, state) : [];
      return items.length > 0 ? items : [{ kind: 'output' }];
    } catch {
      // Not valid JSON, or nested deeper than the stack.
      return [{ kind: 'output' }];
    }
  };
}
