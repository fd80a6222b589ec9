import { McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { createMcpHandler } from 'agents/mcp/server';
import type { Config } from '../config.ts';
import { toToolError } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { Call, Caller } from './call.ts';
import { listResources, readResource, resourceTemplates } from './resources.ts';
import { callTool, type Listing, listing } from './tool.ts';
import { tools } from './tools/index.ts';

const INSTRUCTIONS =
  'Hands work to Claude Code and Grok CLI as durable jobs. *_request waits for the answer and hands over a job id when it takes long; *_request_async gives the id at once. llm_job_watch waits for news, llm_job_result reads the answer. A job goes on when you disconnect.';

/** Silence on a stream that proxies cut; a comment is sent this often, in ms. */
const KEEP_ALIVE_MS = 10_000;
/** How long a client may keep the list of tools, in ms. */
const LIST_TTL_MS = 300_000;

const byName = new Map(tools.map((tool) => [tool.name, tool]));
let listed: Listing[] | undefined;

/** Sends progress with a rising figure, where the client asked for it. */
function progressOf({ mcpReq }: ServerContext): Call['progress'] {
  const progressToken = mcpReq._meta?.progressToken;
  let progress = 0;
  return async (message) => {
    if (progressToken === undefined || mcpReq.signal.aborted) return;
    progress += 1;
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } });
  };
}

function serverFor(caller: Caller, env: Env, config: Config): McpServer {
  const name = { name: 'llm-cli-gateway', title: 'LLM CLI Gateway', version: VERSION };
  const cacheable = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const;
  const mcp = new McpServer(name, {
    capabilities: { tools: { listChanged: false }, resources: { listChanged: false, subscribe: false } },
    instructions: INSTRUCTIONS,
    cacheHints: { 'tools/list': cacheable, 'resources/templates/list': cacheable, 'server/discover': cacheable },
  });
  const { server } = mcp;
  const callOf = (context: ServerContext): Call => ({
    caller,
    env,
    config,
    signal: context.mcpReq.signal,
    progress: progressOf(context),
  });
  server.setRequestHandler('tools/list', () => {
    listed ??= tools.map(listing);
    return { tools: listed };
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = byName.get(params.name);
    if (tool) return callTool(tool, params.arguments ?? {}, callOf(context));
    const error = toToolError({ code: 'unknown_tool', tool: params.name });
    return { content: [{ type: 'text', text: error.message }], structuredContent: { ok: false, error }, isError: true };
  });
  server.setRequestHandler('resources/list', async (_request, context) => ({ resources: await listResources(callOf(context)) }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler('resources/read', async ({ params }, context) => ({
    contents: [await readResource(params.uri, callOf(context))],
  }));
  return mcp;
}

/** Answers one MCP request of a caller who is known: both eras of the protocol, no session. */
export function handleMcp(request: Request, env: Env, config: Config, caller: Caller): Promise<Response> {
  const handler = createMcpHandler(() => serverFor(caller, env, config), {
    route: '/mcp',
    corsOptions: false,
    responseMode: 'auto',
    keepAliveMs: KEEP_ALIVE_MS,
    maxRequestBodySize: config.limits.mcpBodyMaxBytes,
    onerror: (error) => console.warn(JSON.stringify({ mcp: error.message })),
  });
  return handler.fetch(request);
}
