import { z } from 'zod';

/** Fields of what a CLI writes. One of an unexpected type is as good as absent: the CLIs add and change fields without notice. */
export const text = z.string().optional().catch(undefined);
export const count = z.int().nonnegative().optional().catch(undefined);
export const amount = z.number().nonnegative().optional().catch(undefined);
export const list = z.array(z.unknown()).optional().catch(undefined);
export const flag = z.boolean().optional().catch(undefined);

export const Tokens = z
  .object({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
  })
  .optional()
  .catch(undefined);
export type Tokens = z.infer<typeof Tokens>;

const ModelTokens = z
  .object({
    inputTokens: count,
    outputTokens: count,
    cacheReadInputTokens: count,
    cacheCreationInputTokens: count,
    costUSD: amount,
  })
  .catch({});

/** Absent on what the main agent says. */
const parent = text;

const message = z.object({ id: text, content: list, usage: Tokens }).catch({});

const System = z.object({
  type: z.literal('system'),
  subtype: text,
  session_id: text,
  model: text,
  tools: list,
  attempt: count,
  max_retries: count,
  retry_delay_ms: amount,
  error_status: count,
  error: text,
  tool_name: text,
  tool_use_id: text,
  message: text,
});
const Assistant = z.object({
  type: z.literal('assistant'),
  message,
  parent_tool_use_id: parent,
  is_api_error_message: flag,
});
const User = z.object({ type: z.literal('user'), message, parent_tool_use_id: parent });
const StreamEvent = z.object({
  type: z.literal('stream_event'),
  parent_tool_use_id: parent,
  event: z
    .object({
      type: text,
      message,
      delta: z.object({ type: text, text, thinking: text }).optional().catch(undefined),
      usage: Tokens,
    })
    .catch({ message: {} }),
});
/** How a CLI ends a turn. */
const Result = z.object({
  type: z.literal('result'),
  subtype: text,
  is_error: flag,
  result: text,
  errors: list,
  stop_reason: text,
  terminal_reason: text,
  api_error_status: count,
  session_id: text,
  num_turns: count,
  total_cost_usd: amount,
  usage: Tokens,
  modelUsage: z.record(z.string(), ModelTokens).catch({}),
  permission_denials: list,
  structured_output: z.unknown().optional(),
});
export type Result = z.infer<typeof Result>;

/** A line of Claude Code's stream-json, or of Grok's streaming-messages-json. */
export const Line = z.discriminatedUnion('type', [System, Assistant, User, StreamEvent, Result]);
export type Line = z.infer<typeof Line>;

export const Block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('thinking'), thinking: z.string() }),
  z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string(), input: z.unknown().optional() }),
  z.object({ type: z.literal('tool_result'), tool_use_id: z.string(), content: z.unknown().optional(), is_error: flag }),
]);
export type Block = z.infer<typeof Block>;

export const PermissionDenial = z.object({ tool_name: z.string(), tool_use_id: text, tool_input: z.unknown().optional() });
