import { request } from 'node:http';

/** What an HTTP request was answered with. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends a request as it is written: with any path and any header, which fetch would correct or refuse. */
export function send(
  origin: string,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    { hostname, port, path, method, headers: { 'content-length': Buffer.byteLength(body), ...headers } },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** Evidence that a request was not refused. */
export const unless = (isRefused: boolean, { status, text }: Answer): string =>
  isRefused ? '' : `${status} ${text.slice(0, 300)}`;

/** The headers and the body of an MCP call. */
export const mcpCall = (token: string | undefined, name: string, args: object, more: Record<string, string> = {}) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...more,
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
});
