import { once } from 'node:events';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { PROBED_AFTER_MS } from '../../src/mcp/http/presence.ts';
import { useSharedGateway } from '../helpers/shared-gateway.ts';

const { call, url, token, modelUrl } = useSharedGateway();

const LINES = { legacy: '2025-11-25', modern: '2026-07-28' };

const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': LINES.modern,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Calls claude_request over a socket of its own, and returns it once the answer has begun. */
async function openCall(line: keyof typeof LINES, args: object) {
  const params = { name: 'claude_request', arguments: args, ...(line === 'modern' && { _meta: MODERN_META }) };
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': LINES[line],
    ...(line === 'modern' && { 'mcp-method': 'tools/call', 'mcp-name': 'claude_request' }),
  };
  const sent = request(url, { method: 'POST', headers, agent: false });
  sent.on('error', () => {});
  sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
  const [response] = await once(sent, 'response');
  response.on('error', () => {});
  response.resume();
  return sent;
}

test.each(['legacy', 'modern'] as const)(
  'a client of the %s line that left while it waited receives the finished answer when it repeats the call, once',
  async (line) => {
    const hold = `left-${line}`;
    const args = { prompt: `[mock:hold ${hold}]`, correlationId: hold, syncDeadlineMs: 90_000 };
    const sent = await openCall(line, args);
    const found = async () => (await call('llm_job_list', { state: 'running', correlationId: hold })).jobs ?? [];
    await expect.poll(found, { timeout: 30_000 }).toHaveLength(1);
    const [running] = await found();
    // Only a call that has taken this long is probed.
    await expect.poll(() => Date.now() - (running?.createdAt ?? Date.now())).toBeGreaterThan(PROBED_AFTER_MS);
    sent.destroy();
    await fetch(`${modelUrl}/__mock/release/${hold}`, { method: 'POST' });
    await expect
      .poll(async () => (await call('llm_job_status', { jobId: running?.id })).job?.state, { timeout: 30_000 })
      .toBe('completed');
    // The call that was left has ended before a whole other request has.
    await call('claude_request', { prompt: `meanwhile ${line}` });
    const again = await call('claude_request', args);
    expect(again).toMatchObject({ job: { id: running?.id, deduplicated: true }, answer: { source: 'answer' } });
    expect((await call('claude_request', args)).job?.id).not.toBe(running?.id);
  },
);
