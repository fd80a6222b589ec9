import { expect, test } from 'vitest';
import { EVENT_TEXT_MAX, SUMMARY_MAX } from '../../../container/protocol.ts';
import { gist, read } from './transcripts.ts';

const json = (value: unknown) => JSON.stringify(value);

const call = (id: string, command: string) =>
  json({ type: 'assistant', message: { id: `m${id}`, content: [{ type: 'tool_use', id, name: 'shell', input: { command } }] } });

test('a call that was never made is a denial where Grok cancelled the turn, and none where Claude was interrupted', () => {
  const result = json({
    type: 'result',
    subtype: 'error_during_execution',
    is_error: true,
    stop_reason: 'cancelled',
    errors: ['cancelled'],
  });
  expect(gist(read('grok', [call('1', 'rm x'), result])).denied).toEqual(['shell']);
  const interrupted = json({
    type: 'result',
    subtype: 'error_during_execution',
    is_error: true,
    terminal_reason: 'aborted_tools',
  });
  expect(gist(read('claude', [call('1', 'rm x'), interrupted])).denied).toEqual([]);
});

const message = (id: string, text: string, more: object = {}) =>
  json({ type: 'assistant', message: { id, content: [{ type: 'text', text }] }, ...more });

test('text of subagents is no text of the answer, their calls are shown', () => {
  const sub = { parent_tool_use_id: 't' };
  const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'sub' } };
  const lines = [json({ type: 'stream_event', event: delta, ...sub }), message('m', 'sub', sub), call('1', 'ls')];
  expect(gist(read('claude', lines))).toMatchObject({ said: '', calls: ['shell'] });
});

test('a message that replaces a broken stream is text of its own', () => {
  const start = json({ type: 'stream_event', event: { type: 'message_start', message: { id: 'a' } } });
  const delta = json({
    type: 'stream_event',
    event: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'half' } },
  });
  expect(gist(read('claude', [start, delta, message('a', 'half'), message('b', ' whole')])).said).toBe('half whole');
});

test('usage of a message that is told several times counts once', () => {
  const told = (id: string, output_tokens: number) =>
    json({ type: 'assistant', message: { id, usage: { input_tokens: 10, output_tokens } } });
  const totals = read('claude', [told('a', 1), told('a', 5), told('a', 5), told('b', 2), told('a', 1)]).map((item) =>
    item.kind === 'usage' ? [item.usage.inputTokens, item.usage.outputTokens] : item.kind,
  );
  expect(totals).toEqual([[10, 1], [10, 5], 'output', [20, 7], 'output']);
});

test('long texts come in pieces that part no character, summaries are cut', () => {
  const long = `x${'😀'.repeat(EVENT_TEXT_MAX)}`;
  const items = read('claude', [
    json({ type: 'result', subtype: 'success', is_error: false, result: long, structured_output: { long } }),
    call('1', long),
    message('m', long),
  ]);
  const texts = items.flatMap((item) => (item.kind === 'answer' || item.kind === 'text' ? [item.text] : []));
  expect(texts.filter((text) => text.length > EVENT_TEXT_MAX || !text.isWellFormed())).toEqual([]);
  expect(gist(items)).toMatchObject({ answer: long, structured: json({ long }), said: long });
  const [start] = items.filter((item) => item.kind === 'tool_start');
  expect(start?.input.length).toBeLessThanOrEqual(SUMMARY_MAX);
  expect(start?.input.isWellFormed()).toBe(true);
});

test('a line of 30 MB is read in a moment', () => {
  const began = performance.now();
  const items = read('grok', [json({ type: 'result', subtype: 'success', is_error: false, result: 'x'.repeat(30_000_000) })]);
  expect(items.length).toBe(Math.ceil(30_000_000 / EVENT_TEXT_MAX) + 1);
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('the MCP servers that did not connect are named, each with a reason', () => {
  const statuses = ['connected', 'failed', 'pending', 'needs-auth', 'disabled', 'odd', 7, null];
  const servers = [...statuses.map((status, index) => ({ name: `s${index}`, status })), 'x', { status: 'failed' }];
  const init = (mcp_servers: unknown) => read('claude', [JSON.stringify({ type: 'system', subtype: 'init', mcp_servers })]);
  expect(init(servers)).toMatchObject([
    {
      kind: 'init',
      notConnected: [
        { name: 's1', reason: expect.stringContaining('could not be started or reached') },
        { name: 's2', reason: 'it did not answer in time' },
        { name: 's3', reason: 'it requires authentication' },
        { name: 's4', reason: 'it is disabled' },
        { name: 's5', reason: 'odd' },
      ],
    },
  ]);
  for (const none of [[], undefined, 'x', [{ name: 'a', status: 'connected' }]])
    expect(init(none)).toMatchObject([{ kind: 'init', notConnected: undefined }]);
  const many = Array.from({ length: 200 }, (_, index) => ({ name: `${index}`.repeat(500), status: 'failed' }));
  expect(JSON.stringify(init(many)).length).toBeLessThan(20_000);
});
