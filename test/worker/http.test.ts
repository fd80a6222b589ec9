import { expect, onTestFinished, test } from 'vitest';
import { fetchWorker, mcpCall, OWNER_TOKEN } from './helpers/gateway.ts';

const MCP = 'http://127.0.0.1/mcp';
const authorization = `Bearer ${OWNER_TOKEN}`;

const NEVER = JSON.stringify([{ stay: true }]);

/** A call of 2026-07-28 without a progress token. */
function modernCall(name: string, args: object, headers: Record<string, string> = {}): RequestInit {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    method: 'POST',
    headers: {
      ...{ authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta } }),
  };
}

test('a call that waits without a progress token is a stream at once, and its comments keep it alive', async () => {
  const response = await fetchWorker(MCP, modernCall('claude_request', { prompt: NEVER, syncDeadlineMs: 15_000 }));
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = response.body?.getReader() ?? expect.fail('there is no body');
  onTestFinished(() => reader.cancel());
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toMatch(/^: keepalive/);
}, 30_000);

const accepted: [what: string, accept: string | undefined, type: string][] = [
  ['names both types', 'application/json, text/event-stream', 'text/event-stream'],
  ['accepts everything', '*/*', 'text/event-stream'],
  ['accepts everything least', 'application/json, */*;q=0.1', 'text/event-stream'],
  ['names ranges', 'Application/*, text/*', 'text/event-stream'],
  ['names nothing', undefined, 'text/event-stream'],
];

function ping(accept: string | undefined): RequestInit {
  const { headers, ...rest } = mcpCall(OWNER_TOKEN, 'ping');
  const changed = new Headers(headers);
  if (accept === undefined) changed.delete('accept');
  else changed.set('accept', accept);
  return { ...rest, headers: changed };
}

test.each(accepted)('a client of the older line that %s is answered', async (_what, accept, type) => {
  const response = await fetchWorker(MCP, ping(accept));
  expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({ status: 200, type });
});

test('a client of the older line that takes no stream is refused', async () => {
  expect((await fetchWorker(MCP, ping('application/json'))).status).toBe(406);
});

test('a client of 2026-07-28 that takes JSON alone receives it', async () => {
  const response = await fetchWorker(MCP, modernCall('llm_job_list', {}, { accept: 'application/json' }));
  expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({
    status: 200,
    type: 'application/json',
  });
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'])(
  '%s is not a method of the endpoint, and the refusal names those that are',
  async (method) => {
    const response = await fetchWorker(MCP, { method, headers: { authorization } });
    expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({ status: 405, allow: 'POST, OPTIONS' });
  },
);
