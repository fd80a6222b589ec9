import type { Denial, Item, Usage } from '../../protocol.ts';
import { jsonValuesOf } from '../json.ts';
import { summaryOf, textItems } from '../pieces.ts';
import { addUsage, joinUsage, NO_USAGE } from '../usage.ts';
import { ContentBlock, Line, McpServer } from './lines.ts';
import { resultItems } from './result.ts';
import { readToolResult, type ToolResult } from './tool-result.ts';
import { countUsage, tokensOf, usageOfResult } from './usage.ts';

type Of<T extends Line['type']> = Extract<Line, { type: T }>;

interface ReaderOptions {
  /** Reads the output of a tool. */
  readTool?: (content: unknown) => ToolResult;
  /** True if the CLI's figures by model and its cost include earlier runs of the conversation. */
  hasEarlierRuns?: boolean;
}

/** What a run has reported so far. */
interface ReaderState extends Required<ReaderOptions> {
  count: ReturnType<typeof countUsage>;
  /** Tokens of the messages so far, and of the turns that ended. */
  spent: { messages: Usage; turns: Usage };
  /** Models of the main agent's messages, the last one last. */
  models: Set<string>;
  /** The main agent's message that is being streamed, and the kinds of blocks whose text was reported. */
  streamed: { id: string | undefined; kinds: Set<string> };
  /** Calls without a result, by id. */
  calls: Map<string, { tool: string; input: string }>;
  /** Denied calls of the turn, by id. */
  denials: Map<string, Denial>;
  results: number;
}

/** Name that Claude Code gives to the model of messages that it wrote itself. */
const NO_MODEL = '<synthetic>';

function noteModel({ models }: ReaderState, model: string | undefined): void {
  if (model === undefined || model === NO_MODEL) return;
  models.delete(model);
  models.add(model);
}

function usageItems(state: ReaderState, id: string | undefined, tokens: Parameters<ReaderState['count']>[1]): Item[] {
  const usage = id === undefined ? undefined : state.count(id, tokens);
  if (!usage) return [];
  state.spent.messages = usage;
  const model = [...state.models].at(-1);
  return [{ kind: 'usage', usage, ...(model !== undefined && { model }) }];
}

function deny(state: ReaderState, id: string, denial: Denial): Item[] {
  if (state.denials.has(id)) return [];
  state.denials.set(id, denial);
  return [{ kind: 'denied', denial }];
}

/** What a status of an MCP server means, besides "connected". */
const MCP_STATUS = new Map([
  ['failed', 'it could not be started or reached, or did not answer in time'],
  ['pending', 'it did not answer in time'],
  ['needs-auth', 'it requires authentication'],
  ['disabled', 'it is disabled'],
]);
/** Largest number of MCP servers that are listed. */
const MAX_SERVERS = 50;

function notConnected(servers: unknown[] = []): Extract<Item, { kind: 'init' }>['notConnected'] {
  const found = servers.flatMap((server) => {
    const { success, data } = McpServer.safeParse(server);
    return success && data.status !== 'connected'
      ? [{ name: data.name, reason: MCP_STATUS.get(data.status) ?? data.status }]
      : [];
  });
  return found.length > 0 ? found.slice(0, MAX_SERVERS) : undefined;
}

function systemItems(line: Of<'system'>, state: ReaderState): Item[] {
  switch (line.subtype) {
    case 'init':
      return [
        {
          kind: 'init',
          sessionId: line.session_id,
          model: line.model,
          tools: line.tools?.length,
          notConnected: notConnected(line.mcp_servers),
        },
      ];
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
      noteModel(state, event.message.model);
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
  const { id, model, content = [], usage } = line.message;
  const isMain = line.parent_tool_use_id === undefined && line.is_api_error_message !== true;
  if (isMain) noteModel(state, model);
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

/** Usage of the run so far. A turn that failed reports less than its messages do. */
function usageOfTurns(line: Of<'result'>, { hasEarlierRuns, spent }: ReaderState): Usage {
  spent.turns = addUsage(spent.turns, tokensOf(line.usage));
  return hasEarlierRuns ? joinUsage(spent.turns, spent.messages, Math.max) : usageOfResult(line);
}

/** Models that answered: those of the messages, else those of the CLI's figures, which may include earlier runs. */
function modelsOf({ modelUsage }: Of<'result'>, { hasEarlierRuns, models }: ReaderState): string[] {
  const charged = Object.keys(modelUsage);
  if (models.size > 0) return [...models];
  return hasEarlierRuns && charged.length > 1 ? [] : charged;
}

function endTurn(line: Of<'result'>, state: ReaderState): Item[] {
  // Grok ends a turn without a report if a call needs permission.
  if (line.stop_reason === 'cancelled' && line.subtype === 'error_during_execution' && state.denials.size === 0)
    for (const [id, call] of state.calls) state.denials.set(id, { ...call, reason: 'cancelled' });
  const models = modelsOf(line, state);
  const items = resultItems(line, state.results, state.denials, { usage: usageOfTurns(line, state), models });
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

/** A reader for lines of Claude Code's stream-json, or of Grok's imitation of it. An unknown line is `output`. Never throws. */
export function messagesReader({
  readTool = readToolResult,
  hasEarlierRuns = false,
}: ReaderOptions = {}): (line: string) => Item[] {
  const state: ReaderState = {
    ...{ readTool, hasEarlierRuns, count: countUsage(), models: new Set(), results: 0 },
    spent: { messages: NO_USAGE, turns: NO_USAGE },
    streamed: { id: undefined, kinds: new Set() },
    ...{ calls: new Map(), denials: new Map() },
  };
  const read = (value: unknown): Item[] => {
    try {
      const line = Line.safeParse(value);
      return line.success ? itemsOf(line.data, state) : [];
    } catch {
      // Nested deeper than the stack.
      return [];
    }
  };
  return (line) => {
    const items = jsonValuesOf(line).flatMap(read);
    return items.length > 0 ? items : [{ kind: 'output' }];
  };
}
