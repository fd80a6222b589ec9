import type { McpServerFactory } from '@modelcontextprotocol/server';
import { createMcpHandler } from 'agents/mcp/server';
import { refuseTaskEvents } from './tasks.ts';

/** Time between two comments on a silent stream, because proxies close idle connections, in ms. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Serves MCP over HTTP at /mcp, both lines of the protocol, without sessions: the factory makes a server for each request.
 * `maxBodyBytes` holds for requests of 2026-07-28; older ones are cut at the SDK's 4 MiB.
 */
export function mcpHandler(factory: McpServerFactory, maxBodyBytes: number) {
  const handler = createMcpHandler(factory, {
    route: '/mcp',
    corsOptions: false,
    // The route has checked the origin against those that the operator allows.
    allowedOriginHostnames: '*',
    responseMode: 'auto',
    keepAliveMs: KEEP_ALIVE_MS,
    maxRequestBodySize: maxBodyBytes,
    onerror: (error) => console.warn(JSON.stringify({ mcp: error.message })),
  });
  const fetch = async (request: Request) => (await refuseTaskEvents(request)) ?? handler.fetch(request);
  return { fetch, notify: handler.notify };
}
