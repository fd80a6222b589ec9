import { z } from 'zod';

/** Wire protocol of a model call: Anthropic Messages, OpenAI Responses or OpenAI Chat Completions. */
export type Wire = 'anthropic' | 'responses' | 'chat';

const text = z.string().optional().catch(undefined);
const Block = z.looseObject({ type: text, text, tool_use_id: text, content: z.unknown().optional() });
const Content = z
  .union([z.string(), z.array(Block)])
  .nullish()
  .catch(undefined);
const Message = z.looseObject({
  role: text,
  type: text,
  content: Content,
  output: Content,
  call_id: text,
  tool_call_id: text,
});
const Tool = z.looseObject({ name: text, type: text, function: z.looseObject({ name: text }).optional().catch(undefined) });

/** The parts of a model call's body on which the answers depend. */
export const ModelBody = z.looseObject({
  model: text,
  stream: z.boolean().optional().catch(undefined),
  max_tokens: z.number().optional().catch(undefined),
  messages: z.array(Message).optional().catch(undefined),
  input: z
    .union([z.string(), z.array(Message)])
    .optional()
    .catch(undefined),
  tools: z.array(Tool).optional().catch(undefined),
});
export type ModelBody = z.infer<typeof ModelBody>;
type Block = z.infer<typeof Block>;
type Content = z.infer<typeof Content>;
type Message = z.infer<typeof Message>;

/** A directive in a prompt: `[mock:NAME ARG]`. */
export const DIRECTIVE = /\[mock:([a-z0-9-]+)((?:\s[^\]]*)?)\]/i;

const inputMessages = (body: ModelBody): Message[] => (Array.isArray(body.input) ? body.input : []);

function blocksOf(content: Content): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}

const flat = (content: Content) =>
  blocksOf(content)
    .map((block) => block.text ?? '')
    .join('');

/** Names of the tools that the request offers. */
export const offeredTools = (body: ModelBody) =>
  (body.tools ?? []).map((tool) => tool.name || tool.function?.name || tool.type || '');

/** Number of messages in the conversation; undefined if the request has no list of messages. */
export function messageCount(body: ModelBody) {
  return body.messages?.length ?? (Array.isArray(body.input) ? body.input.length : undefined);
}

/** Every text of the conversation that a user wrote, oldest first. */
export function userTexts(body: ModelBody): string[] {
  if (!body.messages && typeof body.input === 'string') return [body.input];
  return (body.messages ?? inputMessages(body))
    .filter((message) => message.role === 'user')
    .flatMap((message) => blocksOf(message.content))
    .flatMap((block) => block.text ?? []);
}

// CLIs append reminders next to tool results: only a user message with a directive starts a new turn.
const startsTurn = (message: Message) => message.role === 'user' && DIRECTIVE.test(flat(message.content));

const RESULTS: Record<Wire, (message: Message) => string[]> = {
  anthropic: (message) => {
    const blocks = message.role === 'user' && typeof message.content !== 'string' ? (message.content ?? []) : [];
    return blocks.filter((block) => block.type === 'tool_result').map((block) => flat(Content.parse(block.content)));
  },
  responses: (message) => (message.type === 'function_call_output' ? [flat(message.output)] : []),
  chat: (message) => (message.role === 'tool' ? [flat(message.content)] : []),
};

/** Results of the tool calls of this turn, oldest first. */
export function toolResults(body: ModelBody, wire: Wire): string[] {
  const messages = wire === 'responses' ? inputMessages(body) : (body.messages ?? []);
  const turn = messages.slice(Math.max(0, messages.findLastIndex(startsTurn)));
  return turn.flatMap(RESULTS[wire]);
}
