import {
  McpServer,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Config } from '../config.ts';
import { fail, toToolError } from '../errors.ts';
import { isOver } from '../job/machine.ts';
import { VERSION } from '../version.ts';
import type { Call, Caller } from './call.ts';
import { mcpHandler } from './handler.ts';
import { listResources, readResource, resourceTemplates } from './resources.ts';
import { jobTasks, newTask, serveTasks, TASKS, takesTasks, taskOf } from './tasks.ts';
import { callTool, envelopeOf, type Listing, listing, toolResult } from './tool.ts';
import { tools } from './tools/index.ts';

const INSTRUCTIONS =
  'Hands work to Claude Code and Grok CLI as durable jobs. *_request waits for the answer and hands over a job id when it takes long; *_request_async gives the id at once. llm_job_watch waits for news, llm_job_result reads the answer. A job goes on when you disconnect.';

/** How long a client may keep the list of tools, in ms. */
const LIST_TTL_MS = 300_000;

type Era = Parameters<McpServerFactory>[0]['era'];
type CallOf = (context: ServerContext) => Call;

const byName = new Map(tools.map((tool) => [tool.name, tool]));
const listings = new Map<string, Listing[]>();

/** The tools that a caller may call. One list is kept per set of scopes. */
function toolsFor({ scopes }: Caller): Listing[] {
  const key = [...scopes].sort().join(' ');
  const listed = listings.get(key) ?? tools.filter(({ scope }) => scopes.includes(scope)).map(listing);
  listings.set(key, listed);
  return listed;
}

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

async function answerCall(name: string, args: Record<string, unknown>, call: Call) {
  const tool = byName.get(name);
  if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, toToolError({ code: 'unknown_tool', tool: name }).message);
  if (!call.caller.scopes.includes(tool.scope)) return toolResult(envelopeOf(fail({ code: 'scope_missing', scope: tool.scope })));
  const envelope = await callTool(tool, args, call);
  const { job } = envelope;
  if (!tool.becomesTask || !call.takesTasks || !job || isOver(job.state)) return toolResult(envelope);
  return newTask(taskOf(job, call.config.limits.retentionDays));
}

function serveResources({ server }: McpServer, callOf: CallOf) {
  server.setRequestHandler('resources/list', async (_request, context) => ({ resources: await listResources(callOf(context)) }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler('resources/read', async ({ params }, context) => ({
    contents: [await readResource(params.uri, callOf(context))],
  }));
}

function serverFor(caller: Caller, env: Env, config: Config, era: Era): McpServer {
  const name = { name: 'llm-cli-gateway', title: 'LLM CLI Gateway', version: VERSION };
  const cacheable = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const;
  const reads = caller.scopes.includes('jobs:read');
  const hasTasks = era === 'modern' && reads && caller.scopes.includes('jobs:run');
  const mcp = new McpServer(name, {
    capabilities: {
      tools: { listChanged: false },
      ...(reads && { resources: { listChanged: false, subscribe: false } }),
      ...(hasTasks && { extensions: { [TASKS]: {} } }),
    },
    instructions: INSTRUCTIONS,
    cacheHints: { 'tools/list': cacheable, 'resources/templates/list': cacheable, 'server/discover': cacheable },
  });
  const callOf: CallOf = (context) => ({
    caller,
    env,
    config,
    takesTasks: hasTasks && takesTasks(context),
    signal: context.mcpReq.signal,
    progress: progressOf(context),
  });
  mcp.server.setRequestHandler('tools/list', () => ({ tools: toolsFor(caller) }));
  mcp.server.setRequestHandler('tools/call', ({ params }, context) =>
    answerCall(params.name, params.arguments ?? {}, callOf(context)),
  );
  if (reads) serveResources(mcp, callOf);
  if (hasTasks) serveTasks(mcp, (context) => jobTasks(callOf(context)));
  return mcp;
}

/** Answers one MCP request of a caller who is known: both eras of the protocol, no session. */
export function handleMcp(request: Request, env: Env, config: Config, caller: Caller): Promise<Response> {
  const handler = mcpHandler(({ era }) => serverFor(caller, env, config, era), config.limits.mcpBodyMaxBytes);
  return handler.fetch(request);
}
