import { expect, test } from 'vitest';
import { Item } from '../../../container/protocol.ts';
import { providers } from '../../../container/providers/index.ts';
import { dialogueOf, read } from './transcripts.ts';

const noise = ['', ' ', 'Warning: x', '{', '[]', 'null', '3', '"text"', '{}', '{"type":"new_thing","text":"x"}', '{"type":7}'];

test.each(noise)('the line %j says nothing', (line) => {
  for (const id of Object.keys(providers)) {
    expect(read(id, [line])).toEqual([{ kind: 'output' }]);
    const { items, ...more } = dialogueOf(id).read(line);
    expect(items.filter(({ kind }) => kind !== 'output')).toEqual([]);
    expect(more.isDone ?? false).toBe(false);
  }
});

/** Numbers that look random and are the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = [
  'system',
  'assistant',
  'user',
  'stream_event',
  'result',
  'init',
  'api_retry',
  'permission_denied',
  'tool_use',
  'tool_result',
  'text',
  'thinking',
  'message_start',
  'message_delta',
  'content_block_delta',
  'success',
  'cancelled',
  '\ud83d',
  '',
  'session/update',
  'session/request_permission',
  'agent_message_chunk',
  'tool_call',
  'tool_call_update',
  'response_completed',
  'retry_state',
  'control_request',
  'can_use_tool',
  'allow_once',
];
const KEYS = [
  'type',
  'subtype',
  'message',
  'content',
  'event',
  'delta',
  'usage',
  'modelUsage',
  'errors',
  'permission_denials',
  'structured_output',
  'id',
  'name',
  'input',
  'text',
  'tool_use_id',
  'input_tokens',
  'costUSD',
  'attempt',
  'tools',
  'is_error',
  'result',
  'method',
  'params',
  'update',
  'sessionUpdate',
  '_meta',
  'toolCallId',
  'rawInput',
  'rawOutput',
  'request',
  'request_id',
  'error',
  '__proto__',
  'constructor',
];

function shape(next: () => number, depth: number): unknown {
  const pick = <T>(list: T[]) => list[Math.floor(next() * list.length)];
  const kind = Math.floor(next() * (depth > 0 ? 8 : 6));
  if (kind < 6) return [pick(WORDS), -1.5, 7, null, true, 2 ** 60][kind];
  const size = Math.floor(next() * 8);
  if (kind === 6) return Array.from({ length: size }, () => shape(next, depth - 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(KEYS), shape(next, depth - 1)]));
}

test.each(Object.keys(providers))('the reader of %s takes JSON of any shape and gives items of the protocol', (id) => {
  const reader = providers[id]?.reader() ?? (() => []);
  const next = random(20_260_813);
  for (let round = 0; round < 20_000; round += 1) {
    const body = shape(next, 4);
    const type = WORDS[Math.floor(next() * 5)];
    const line = JSON.stringify(typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, type } : body);
    const items = reader(line);
    if (items.length === 0 || items.some((item) => !Item.safeParse(item).success))
      throw new Error(`${line} gave ${JSON.stringify(items)}`);
  }
});

/** Beginnings of what a CLI says in a dialogue, to be filled with anything. */
const DIALOGUE = [
  { method: 'session/update', params: { sessionId: '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11' } },
  { method: 'session/request_permission', id: 0 },
  { id: 1, result: {} },
  { type: 'control_request', request_id: 'r' },
  { type: 'control_cancel_request' },
];

test.each(Object.keys(providers))('the dialogue of %s takes JSON of any shape', (id) => {
  const next = random(20_260_814);
  for (let round = 0; round < 20_000; round += 1) {
    const dialogue = dialogueOf(id);
    const start = DIALOGUE[Math.floor(next() * DIALOGUE.length)];
    const body = shape(next, 4);
    const params = { ...start?.params, update: shape(next, 3), toolCall: body, options: body };
    const lines = [
      { ...start, params },
      { ...start, request: body, result: body, error: body },
    ].map((line) => JSON.stringify(line));
    for (const { items, request } of lines.map((line) => dialogue.read(line))) {
      const answers = request === undefined ? [] : [request.input, request.answer(true, ''), request.answer(false, '')];
      if (items.some((item) => !Item.safeParse(item).success) || answers.some((line) => typeof line !== 'string'))
        throw new Error(lines.join(' '));
    }
  }
});

test('JSON that nests deeper than the stack has no input, and is never put before an approver', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const line = `{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","id":"1","name":"x","input":${deep}}]}}`;
  expect(read('claude', [line])).toEqual([{ kind: 'tool_start', id: '1', tool: 'x', input: '' }]);
  const asked = `{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"x","input":${deep}}}`;
  expect(dialogueOf('claude').read(asked).items).toEqual([{ kind: 'output' }]);
  const permission = `{"id":0,"method":"session/request_permission","params":{"toolCall":{"rawInput":${deep}}}}`;
  expect(dialogueOf('grok').read(permission)).toMatchObject({ items: [] });
});
