import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Plan, planText } from './plan.ts';
import { estimateTokens, newId, openStream, sendWhole, streamText, wordsOf } from './reply.ts';
import type { ModelBody } from './request.ts';

type Send = (event: { type: string } & Record<string, unknown>) => void;
type Block =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown };

function blocksOf(plan: Plan): Block[] {
  const blocks: Block[] = [];
  if (plan.thinking) blocks.push({ type: 'thinking', thinking: plan.thinking, signature: 'bW9jay1zaWduYXR1cmU=' });
  if (planText(plan)) blocks.push({ type: 'text', text: planText(plan) });
  if (plan.tool) blocks.push({ type: 'tool_use', id: newId('toolu_mock_'), ...plan.tool });
  return blocks;
}

async function streamThinking(send: Send, index: number, block: Extract<Block, { type: 'thinking' }>) {
  send({ type: 'content_block_start', index, content_block: { type: 'thinking', thinking: '', signature: '' } });
  for (const thinking of wordsOf(block.thinking)) {
    send({ type: 'content_block_delta', index, delta: { type: 'thinking_delta', thinking } });
    await sleep(2);
  }
  send({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: block.signature } });
}

function streamTool(send: Send, index: number, block: Extract<Block, { type: 'tool_use' }>) {
  send({ type: 'content_block_start', index, content_block: { ...block, input: {} } });
  for (const part of JSON.stringify(block.input).match(/.{1,16}/gs) ?? [])
    send({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: part } });
}

function streamAnswer(res: ServerResponse, send: Send, index: number, plan: Plan) {
  send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
  return streamText(
    res,
    plan,
    (text) => send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
    () => send({ type: 'error', error: { type: 'overloaded_error', message: 'mock mid-stream error' } }),
  );
}

async function streamBlocks(res: ServerResponse, send: Send, blocks: Block[], plan: Plan): Promise<boolean> {
  for (const [index, block] of blocks.entries()) {
    if (block.type === 'thinking') await streamThinking(send, index, block);
    else if (block.type === 'tool_use') streamTool(send, index, block);
    else if (!(await streamAnswer(res, send, index, plan))) return false;
    send({ type: 'content_block_stop', index });
  }
  return true;
}

/** POST /v1/messages. */
export async function answerAnthropic(res: ServerResponse, body: ModelBody, plan: Plan) {
  const content = blocksOf(plan);
  const input_tokens = estimateTokens(body.messages);
  const output_tokens = estimateTokens(planText(plan) + JSON.stringify(plan.tool ?? ''));
  const cached = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const usage = { input_tokens, ...cached, output_tokens: 1, service_tier: 'standard' };
  const stop_reason = plan.stop ?? (plan.tool ? 'tool_use' : 'end_turn');
  const message = { id: newId('msg_mock_'), type: 'message', role: 'assistant', model: body.model };
  if (!body.stream) {
    return sendWhole(res, plan, { ...message, content, stop_reason, stop_sequence: null, usage: { ...usage, output_tokens } });
  }
  const write = openStream(res, plan);
  const send: Send = (event) => write(event, event.type);
  send({ type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage } });
  send({ type: 'ping' });
  if (!(await streamBlocks(res, send, content, plan))) return;
  send({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } });
  send({ type: 'message_stop' });
  res.end();
}
