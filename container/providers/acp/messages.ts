import { z } from 'zod';
import { amountField, countField, flagField, listField, name, nameField, Tokens, textField } from '../messages/lines.ts';

/** A line of a CLI's agent mode: JSON-RPC of the Agent Client Protocol, with extensions of xAI. */
export const RpcMessage = z.object({
  id: z
    .union([z.string().max(200), z.number()])
    .optional()
    .catch(undefined),
  method: nameField,
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: textField, data: z.unknown().optional() }).optional().catch(undefined),
});
export type RpcMessage = z.infer<typeof RpcMessage>;

const ToolName = z
  .object({ 'x.ai/tool': z.object({ name: nameField }) })
  .transform((meta) => meta['x.ai/tool'].name)
  .optional()
  .catch(undefined);

const Chunk = z.object({ text: z.string() }).catch({ text: '' });

const Update = z.discriminatedUnion('sessionUpdate', [
  z.object({ sessionUpdate: z.literal('agent_message_chunk'), content: Chunk }),
  z.object({ sessionUpdate: z.literal('agent_thought_chunk'), content: Chunk }),
  z.object({
    sessionUpdate: z.literal('tool_call'),
    toolCallId: name,
    title: nameField,
    rawInput: z.unknown().optional(),
    _meta: ToolName,
  }),
  z.object({
    sessionUpdate: z.literal('tool_call_update'),
    toolCallId: name,
    status: nameField,
    content: listField,
    rawOutput: z.unknown().optional(),
  }),
  z.object({ sessionUpdate: z.literal('response_completed'), usage: Tokens }),
  z.object({
    sessionUpdate: z.literal('retry_state'),
    type: nameField,
    attempt: countField,
    max_retries: countField,
    reason: textField,
    error_type: nameField,
  }),
]);

/** Parameters of a notification about a session. */
export const Notice = z.object({
  sessionId: nameField,
  update: Update,
  /** One model response has one `streamStartMs`; a repeated response has another. */
  _meta: z.object({ streamStartMs: amountField }).catch({}).optional(),
});
export type Notice = z.infer<typeof Notice>;

/** Parameters of a permission request. Without the whole input, or without options to allow and reject once, they are not valid. */
export const PermissionParams = z.object({
  toolCall: z.object({ title: nameField, rawInput: z.unknown().refine((input) => input !== undefined), _meta: ToolName }),
  options: z.array(z.object({ optionId: z.string(), kind: z.string() })).transform((options, context) => {
    const optionOf = (kind: string) => options.find((option) => option.kind === kind)?.optionId;
    const [allow, reject] = [optionOf('allow_once'), optionOf('reject_once')];
    if (allow !== undefined && reject !== undefined) return { allow, reject };
    context.addIssue('has no options to allow and reject once');
    return z.NEVER;
  }),
});

export type PermissionParams = z.infer<typeof PermissionParams>;

/** xAI reports costs in ticks; this many are 1 USD. */
export const TICKS_PER_USD = 1e10;

/** Tokens of a whole prompt. `inputTokens` includes the cached ones. */
const Spent = {
  inputTokens: countField,
  outputTokens: countField,
  cachedReadTokens: countField,
  cacheCreationTokens: countField,
  costUsdTicks: countField,
};

/** Result of session/prompt. */
export const PromptEnd = z
  .object({
    stopReason: nameField,
    _meta: z
      .object({
        usage: z
          .object({
            ...Spent,
            numTurns: countField,
            costIsPartial: flagField,
            usageIsIncomplete: flagField,
            modelUsage: z.record(z.string(), z.object(Spent).catch({})).catch({}),
          })
          .optional()
          .catch(undefined),
        structuredOutput: z.unknown().optional(),
        structuredOutputError: textField,
        cancellationCategory: nameField,
      })
      .catch({}),
  })
  .catch({ _meta: {} });
export type PromptEnd = z.infer<typeof PromptEnd>;

/** Model in the result of session/new and session/resume, or undefined. */
export const Opened = z
  .object({ models: z.object({ currentModelId: nameField }).catch({}).optional() })
  .transform(({ models }) => models?.currentModelId)
  .catch(undefined);
