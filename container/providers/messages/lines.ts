import { z } from 'zod';

/** Longest name of a tool, a model or an ending, in UTF-16 units. */
const MAX_NAME_CHARS = 200;

/** Fields of a CLI's output. A field of an unexpected type is treated as absent, because CLIs change fields without notice. */
export const textField = z.string().optional().catch(undefined);
/** A name, a code or an id. A longer one is cut, because events and the job's row repeat it. */
export const name = z.string().transform((whole) => whole.slice(0, MAX_NAME_CHARS).toWellFormed());
export const nameField = name.optional().catch(undefined);
export const countField = z.int().nonnegative().optional().catch(undefined);
export const amountField = z.number().nonnegative().optional().catch(undefined);
export const listField = z.array(z.unknown()).optional().catch(undefined);
export const flagField = z.boolean().optional().catch(undefined);

export const Tokens = z
  .object({
    input_tokens: countField,
    output_tokens: countField,
    cache_read_input_tokens: countField,
    cache_creation_input_tokens: countField,
  })
  .optional()
  .catch(undefined);
export type Tokens = z.infer<typeof Tokens>;

const ModelTokens = z
  .object({
    inputTokens: countField,
    outputTokens: countField,
    cacheReadInputTokens: countField,
    cacheCreationInputTokens: countField,
    costUSD: amountField,
  })
  .catch({});

/** Undefined for the main agent. */
const parent = nameField;

const message = z.object({ id: nameField, model: nameField, content: listField, usage: Tokens }).catch({});

const System = z.object({
  type: z.literal('system'),
  subtype: nameField,
  session_id: nameField,
  model: nameField,
  tools: listField,
  mcp_servers: listField,
  attempt: countField,
  max_retries: countField,
  retry_delay_ms: amountField,
  error_status: countField,
  error: nameField,
  tool_name: nameField,
  tool_use_id: nameField,
  message: textField,
});
const Assistant = z.object({
  type: z.literal('assistant'),
  message,
  parent_tool_use_id: parent,
  is_api_error_message: flagField,
});
const User = z.object({ type: z.literal('user'), message, parent_tool_use_id: parent });
const StreamEvent = z.object({
  type: z.literal('stream_event'),
  parent_tool_use_id: parent,
  event: z
    .object({
      type: textField,
      message,
      delta: z.object({ type: textField, text: textField, thinking: textField }).optional().catch(undefined),
      usage: Tokens,
    })
    .catch({ message: {} }),
});
/** How a CLI ends a turn. */
const ResultLine = z.object({
  type: z.literal('result'),
  subtype: nameField,
  is_error: flagField,
  result: textField,
  errors: listField,
  stop_reason: nameField,
  terminal_reason: nameField,
  api_error_status: countField,
  api_error: nameField,
  /** What started the turn; absent for the prompt of the run. */
  origin: z.object({ kind: textField }).optional().catch(undefined),
  session_id: nameField,
  num_turns: countField,
  total_cost_usd: amountField,
  usage: Tokens,
  modelUsage: z.record(z.string(), ModelTokens).catch({}),
  permission_denials: listField,
  structured_output: z.unknown().optional(),
});
export type ResultLine = z.infer<typeof ResultLine>;

/** A line of Claude Code's stream-json, or of Grok's streaming-messages-json. */
export const Line = z.discriminatedUnion('type', [System, Assistant, User, StreamEvent, ResultLine]);
export type Line = z.infer<typeof Line>;

export const ContentBlock = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('thinking'), thinking: z.string() }),
  z.object({ type: z.literal('tool_use'), id: name, name, input: z.unknown().optional() }),
  z.object({ type: z.literal('tool_result'), tool_use_id: name, content: z.unknown().optional(), is_error: flagField }),
]);
export type ContentBlock = z.infer<typeof ContentBlock>;

/** An MCP server of a run, as its first line reports it. */
export const McpServer = z.object({ name, status: name });

export const PermissionDenial = z.object({ tool_name: name, tool_use_id: nameField, tool_input: z.unknown().optional() });
