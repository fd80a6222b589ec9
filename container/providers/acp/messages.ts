import { z } from 'zod';
import { amount, count, flag, list, Tokens, text } from '../messages/lines.ts';

/** A line of Grok's agent mode: JSON-RPC of the Agent Client Protocol, with extensions of xAI. */
export const Message = z.object({
  id: z.union([z.string(), z.number()]).optional().catch(undefined),
  method: text,
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: text, data: z.unknown().optional() }).optional().catch(undefined),
});
export type Message = z.infer<typeof Message>;

const ToolName = z
  .object({ 'x.ai/tool': z.object({ name: text }) })
  .transform((meta) => meta['x.ai/tool'].name)
  .optional()
  .catch(undefined);

const Chunk = z.object({ text: z.string() }).catch({ text: '' });

const Update = z.discriminatedUnion('sessionUpdate', [
  z.object({ sessionUpdate: z.literal('agent_message_chunk'), content: Chunk }),
  z.object({ sessionUpdate: z.literal('agent_thought_chunk'), content: Chunk }),
  z.object({
    sessionUpdate: z.literal('tool_call'),
    toolCallId: z.string(),
    title: text,
    rawInput: z.unknown().optional(),
    _meta: ToolName,
  }),
  z.object({
    sessionUpdate: z.literal('tool_call_update'),
    toolCallId: z.string(),
    status: text,
    content: list,
    rawOutput: z.unknown().optional(),
  }),
  z.object({ sessionUpdate: z.literal('response_completed'), usage: Tokens }),
  z.object({
    sessionUpdate: z.literal('retry_state'),
    type: text,
    attempt: count,
    max_retries: count,
    reason: text,
    error_type: text,
  }),
]);

/** What a notification says of a session. */
export const Notice = z.object({
  sessionId: text,
  update: Update,
  /** One model response has one `streamStartMs`; a repeated response has another. */
  _meta: z.object({ streamStartMs: amount }).catch({}).optional(),
});
export type Notice = z.infer<typeof Notice>;

/** Asks whether a tool may be called. Without the whole input, or without a yes and a no for this once, it is no such request. */
export const Permission = z.object({
  toolCall: z.object({ title: text, rawInput: z.unknown().refine((input) => input !== undefined), _meta: ToolName }),
  options: z.array(z.object({ optionId: z.string(), kind: z.string() })).transform((options, context) => {
    const optionOf = (kind: string) => options.find((option) => option.kind === kind)?.optionId;
    const [allow, reject] = [optionOf('allow_once'), optionOf('reject_once')];
    if (allow !== undefined && reject !== undefined) return { allow, reject };
    context.addIssue('offers no answer for this once');
    return z.NEVER;
  }),
});

export type Permission = z.infer<typeof Permission>;

/** xAI's unit of money in a USD. */
export const TICKS_PER_USD = 1e10;

/** Tokens of a whole prompt; `inputTokens` counts what came from a cache as well. */
const Spent = {
  inputTokens: count,
  outputTokens: count,
  cachedReadTokens: count,
  cacheCreationTokens: count,
  costUsdTicks: count,
};

/** The answer to session/prompt. */
export const PromptEnd = z
  .object({
    stopReason: text,
    _meta: z
      .object({
        usage: z
          .object({
            ...Spent,
            numTurns: count,
            costIsPartial: flag,
            usageIsIncomplete: flag,
            modelUsage: z.record(z.string(), z.object(Spent).catch({})).catch({}),
          })
          .optional()
          .catch(undefined),
        structuredOutput: z.unknown().optional(),
        structuredOutputError: text,
        cancellationCategory: text,
      })
      .catch({}),
  })
  .catch({ _meta: {} });
export type PromptEnd = z.infer<typeof PromptEnd>;

/** The answer to session/new and session/resume. */
export const Opened = z
  .object({ models: z.object({ currentModelId: text }).catch({}).optional() })
  .transform(({ models }) => models?.currentModelId)
  .catch(undefined);

/** The answer to session/list. */
export const Sessions = z
  .object({ sessions: z.array(z.object({ sessionId: z.string(), cwd: z.string() })) })
  .catch({ sessions: [] });
