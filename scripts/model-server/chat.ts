import type { ServerResponse } from 'node:http';
import { type Plan, planText } from './plan.ts';
import { estimateTokens, newId, openStream, sendWhole, streamText, ticksOf, wordsOf } from './reply.ts';
import type { ModelBody } from './request.ts';

function finishOf({ stop, tool }: Plan) {
  if (stop === 'max_tokens') return 'length';
  if (stop === 'refusal') return 'content_filter';
  return tool ? 'tool_calls' : 'stop';
}

function usageOf(body: ModelBody, plan: Plan) {
  const prompt_tokens = estimateTokens(body.messages);
  const completion_tokens = estimateTokens(planText(plan));
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
    cost_in_usd_ticks: ticksOf(prompt_tokens, completion_tokens),
  };
}

function callsOf({ tool }: Plan) {
  if (!tool) return undefined;
  const call = { name: tool.name, arguments: JSON.stringify(tool.input) };
  return [{ index: 0, id: newId('call_'), type: 'function', function: call }];
}

/** POST /v1/chat/completions. */
export async function answerChat(res: ServerResponse, body: ModelBody, plan: Plan) {
  const head = { id: newId('chatcmpl-'), created: Math.floor(Date.now() / 1000), model: body.model };
  const usage = usageOf(body, plan);
  const finish_reason = finishOf(plan);
  const tool_calls = callsOf(plan);
  if (!body.stream) {
    const message = { role: 'assistant', content: planText(plan), reasoning_content: plan.thinking, tool_calls };
    return sendWhole(res, plan, { ...head, object: 'chat.completion', usage, choices: [{ index: 0, finish_reason, message }] });
  }
  const write = openStream(res, plan);
  const send = (delta: object, finish: string | null = null) =>
    write({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  const sendFailure = () => write({ error: { message: 'mock mid-stream error', type: 'overloaded_error' } });
  send({ role: 'assistant', content: '' });
  for (const reasoning_content of wordsOf(plan.thinking ?? '')) send({ reasoning_content });
  if (!(await streamText(res, plan, (content) => send({ content }), sendFailure))) return;
  if (tool_calls) send({ tool_calls });
  send({}, finish_reason);
  write({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  write('[DONE]');
  res.end();
}
