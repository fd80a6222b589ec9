import type { McpServerFactory } from '@modelcontextprotocol/server';
import { createMcpHandler } from 'agents/mcp/server';
import { refuseTaskEvents } from '../tasks.ts';

/** Time between two comments on a silent stream, because proxies close idle connections, in ms. */
const KEEP_ALIVE_MS = 10_000;

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';

/** Whether the client of a request accepts a media type. A missing Accept accepts all types. */
function accepts({ headers }: Request, type: string): boolean {
  const ranges = (headers.get('accept') || '*/*').split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  return [type, type.replace(/\/.*/, '/*'), '*/*'].some((range) => ranges.includes(range));
}

/** The request with both media types by name if its client accepts both, because the SDK knows no wildcards. */
function withNamedTypes(request: Request): Request {
  if (!accepts(request, JSON_TYPE) || !accepts(request, STREAM_TYPE)) return request;
  const headers = new Headers(request.headers);
  headers.set('accept', `${JSON_TYPE}, ${STREAM_TYPE}`);
  return new Request(request, { headers });
}

/**
 * Serves MCP over HTTP at /mcp, both lines of the protocol, without sessions: the factory makes a server for each request.
 * `maxBodyBytes` holds for requests of 2026-07-28; older ones are cut at the SDK's 4 MiB. A call of a tool that `mayWait` streams at once;
 * any other call keeps its HTTP status for an error of the protocol.
 */
export function mcpHandler(factory: McpServerFactory, maxBodyBytes: number, mayWait: (tool: string) => boolean = () => false) {
  const handlerIn = (responseMode: 'auto' | 'sse') =>
    createMcpHandler(factory, {
      route: '/mcp',
      corsOptions: false,
      // The route has checked the origin against those that the operator allows.
      allowedOriginHostnames: '*',
      responseMode,
      keepAliveMs: KEEP_ALIVE_MS,
      maxRequestBodySize: maxBodyBytes,
      onerror: (error) => console.warn(JSON.stringify({ mcp: error.message })),
    });
  const usual = handlerIn('auto');
  // A call may wait for minutes without a notification, which alone would open a stream.
  const streaming = handlerIn('sse');
  const fetch = async (request: Request): Promise<Response> => {
    const refusal = await refuseTaskEvents(request);
    if (refusal) return refusal;
    const { headers } = request;
    const isWaiting = headers.get('mcp-method') === 'tools/call' && mayWait(headers.get('mcp-name') ?? '');
    const streams = isWaiting && accepts(request, STREAM_TYPE);
    const response = await (streams ? streaming : usual).fetch(withNamedTypes(request));
    if (response.status === 405) response.headers.set('allow', 'POST, OPTIONS');
    return response;
  };
  return { fetch, notify: usual.notify };
}
