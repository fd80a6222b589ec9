import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Plan, planText } from './plan.ts';
import { estimateTokens, newId, openStream, sendWhole, streamText, ticksOf, wordsOf } from './reply.ts';
import type { ModelBody } from './request.ts';

type Send = (event: { type: string } & Record<string, unknown>) => void;
type Item =
  | { type: 'reasoning'; id: string; status: string; summary: { type: 'summary_text'; text: string }[] }
  | { type: 'message'; id: string; status: string; role: string; content: object[] }
  | { type: 'function_call'; id: string; status: string; call_id: string; name: string; arguments: string };

const STOPS = { max_tokens: 'max_output_tokens', refusal: 'content_filter' } as const;

function itemsOf(plan: Plan): Item[] {
  const status = 'completed';
  const items: Item[] = [];
  if (plan.thinking)
    items.push({ id: newId('rs_'), type: 'reasoning', status, summary: [{ type: 'summary_text', text: plan.thinking }] });
  if (planText(plan)) {
    const content = [{ type: 'output_text', text: planText(plan), annotations: [] }];
    items.push({ id: newId('msg_'), type: 'message', status, role: 'assistant', content });
  }
  if (plan.tool) {
    const call = { name: plan.tool.name, arguments: JSON.stringify(plan.tool.input) };
    items.push({ id: newId('fc_'), type: 'function_call', status, call_id: newId('call_'), ...call });
  }
  return items;
}

function usageOf(body: ModelBody, plan: Plan) {
  const input_tokens = estimateTokens(body.input);
  const output_tokens = estimateTokens(planText(plan));
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: plan.thinking ? 8 : 0 },
    total_tokens: input_tokens + output_tokens,
    cost_in_usd_ticks: ticksOf(input_tokens, output_tokens),
  };
}

function envelopeOf(body: ModelBody) {
  return {
    id: newId('resp_'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    model: body.model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: null,
    top_p: null,
    tool_choice: 'auto',
    tools: [],
    store: false,
    text: { format: { type: 'text' } },
  };
}

function endingOf({ stop }: Plan) {
  return stop ? { status: 'incomplete', incomplete_details: { reason: STOPS[stop] } } : { status: 'completed' };
}

async function streamReasoning(send: Send, output_index: number, item: Extract<Item, { type: 'reasoning' }>) {
  const at = { item_id: item.id, output_index, summary_index: 0 };
  const text = item.summary.map((part) => part.text).join('');
  send({ type: 'response.output_item.added', output_index, item: { ...item, summary: [], status: 'in_progress' } });
  send({ type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } });
  for (const delta of wordsOf(text)) {
    send({ type: 'response.reasoning_summary_text.delta', ...at, delta });
    await sleep(2);
  }
  send({ type: 'response.reasoning_summary_text.done', ...at, text });
  send({ type: 'response.reasoning_summary_part.done', ...at, part: item.summary[0] });
}

async function streamMessage(
  res: ServerResponse,
  send: Send,
  output_index: number,
  item: Extract<Item, { type: 'message' }>,
  plan: Plan,
) {
  const at = { item_id: item.id, output_index, content_index: 0 };
  send({ type: 'response.output_item.added', output_index, item: { ...item, content: [], status: 'in_progress' } });
  send({ type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } });
  const whole = await streamText(
    res,
    plan,
    (delta) => send({ type: 'response.output_text.delta', ...at, delta }),
    () => send({ type: 'error', code: 'overloaded_error', message: 'mock mid-stream error', param: null }),
  );
  if (!whole) return false;
  send({ type: 'response.output_text.done', ...at, text: planText(plan) });
  send({ type: 'response.content_part.done', ...at, part: item.content[0] });
  return true;
}

function streamCall(send: Send, output_index: number, item: Extract<Item, { type: 'function_call' }>) {
  const at = { item_id: item.id, output_index };
  send({ type: 'response.output_item.added', output_index, item: { ...item, arguments: '', status: 'in_progress' } });
  send({ type: 'response.function_call_arguments.delta', ...at, delta: item.arguments });
  send({ type: 'response.function_call_arguments.done', ...at, arguments: item.arguments });
}

async function streamItems(res: ServerResponse, send: Send, items: Item[], plan: Plan): Promise<boolean> {
  for (const [output_index, item] of items.entries()) {
    if (item.type === 'reasoning') await streamReasoning(send, output_index, item);
    else if (item.type === 'function_call') streamCall(send, output_index, item);
    else if (!(await streamMessage(res, send, output_index, item, plan))) return false;
    send({ type: 'response.output_item.done', output_index, item });
  }
  return true;
}

/** POST /v1/responses. */
export async function answerResponses(res: ServerResponse, body: ModelBody, plan: Plan) {
  const envelope = envelopeOf(body);
  const output = itemsOf(plan);
  const final = { ...envelope, output, usage: usageOf(body, plan), ...endingOf(plan) };
  if (!body.stream) {
    return sendWhole(res, plan, final);
  }
  const write = openStream(res, plan);
  let sequence_number = 0;
  const send: Send = (event) => {
    write({ ...event, sequence_number }, event.type);
    sequence_number += 1;
  };
  const started = { ...envelope, output: [], status: 'in_progress', usage: null };
  send({ type: 'response.created', response: started });
  send({ type: 'response.in_progress', response: started });
  if (!(await streamItems(res, send, output, plan))) return;
  send({ type: `response.${final.status}`, response: final });
  res.end();
}
