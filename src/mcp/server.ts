import { CLIENT_INFO_META_KEY, McpServer, type McpServerFactory, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { providerTitles } from '../../container/providers/index.ts';
import type { Caller } from '../caller.ts';
import type { Config } from '../config.ts';
import { shownName } from '../html/visible.ts';
import { accountOf } from '../objects.ts';
import { VERSION } from '../version.ts';
import { answerCall } from './answer.ts';
import { sendReadableErrors } from './arguments/protocol-errors.ts';
import type { Call, CallingClient } from './call.ts';
import { mayShowForms } from './elicitation.ts';
import { mcpHandler } from './http/handler.ts';
import { Presence } from './http/presence.ts';
import { jobTasks } from './job-tasks.ts';
import { listResources, readResource, resourceTemplates } from './resources.ts';
import { serveTasks, supportsTasks, TASKS } from './tasks.ts';
import { listingOf } from './tool.ts';
import { toolsFor } from './tools/index.ts';

const INSTRUCTIONS = `Runs requests to ${providerTitles()} as durable jobs. *_request waits for the answer and returns a job id if it takes long; *_request_async returns the job id at once. llm_job_watch waits for news, llm_job_result reads the answer. A job continues when you disconnect.`;

/** How long a client may keep the list of tools, in ms. */
const LIST_TTL_MS = 300_000;

type Era = Parameters<McpServerFactory>[0]['era'];
type CallOf = (context: ServerContext) => Call;

/** The tools that a caller's scopes allow and its policy does not hide. */
async function listTools(caller: Caller, env: Env, { limits }: Config) {
  const allowed = [...toolsFor(limits).values()].filter(({ scope }) => caller.scopes.includes(scope));
  const names = allowed.map(({ name }) => name);
  const hidden = await accountOf(env, caller).hiddenTools(caller.grant, names);
  return allowed.filter(({ name }) => !hidden.includes(name)).map(listingOf);
}

/** Sends progress with a rising figure, if the client asked for progress. */
function progressOf({ mcpReq }: ServerContext): CallingClient['progress'] {
  const progressToken = mcpReq._meta?.progressToken;
  let progress = 0;
  return async (message) => {
    if (progressToken === undefined || mcpReq.signal.aborted) return;
    progress += 1;
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } });
  };
}

function serveResources({ server }: McpServer, callOf: CallOf) {
  server.setRequestHandler('resources/list', async (_request, context) => ({ resources: await listResources(callOf(context)) }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler('resources/read', async ({ params }, context) => ({
    contents: [await readResource(params.uri, callOf(context))],
  }));
}

const ClientInfo = z.looseObject({ [CLIENT_INFO_META_KEY]: z.object({ name: z.string(), version: z.string() }) });

/** Name of the client: from the protocol's own field, or from the request's header. */
function clientName({ mcpReq }: ServerContext, userAgent: string): string {
  const info = ClientInfo.safeParse(mcpReq.envelope).data?.[CLIENT_INFO_META_KEY];
  return shownName(info ? `${info.name} ${info.version}` : userAgent);
}

function serverFor(caller: Caller, env: Env, config: Config, era: Era, request: Request, presence: Presence): McpServer {
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
    origin: new URL(request.url).origin,
    client: {
      name: clientName(context, request.headers.get('user-agent') ?? ''),
      supportsTasks: hasTasks && supportsTasks(context),
      supportsForms: era === 'modern' && config.approvalByClient === 'on' && mayShowForms(caller, context),
      signal: context.mcpReq.signal,
      isListening: () => presence.isListening(),
      progress: progressOf(context),
    },
  });
  mcp.server.setRequestHandler('tools/list', async () => ({ tools: await listTools(caller, env, config) }));
  mcp.server.setRequestHandler('tools/call', ({ params }, context) =>
    answerCall(toolsFor(config.limits).get(params.name), params.name, params.arguments ?? {}, callOf(context), context),
  );
  if (reads) serveResources(mcp, callOf);
  if (hasTasks) serveTasks(mcp, (context) => jobTasks(callOf(context)));
  sendReadableErrors(mcp);
  return mcp;
}

/** Answers one MCP request of an authenticated caller, in either era of the protocol. */
export async function handleMcp(request: Request, env: Env, config: Config, caller: Caller): Promise<Response> {
  const mayWait = (tool: string) => tool === 'llm_job_watch' || toolsFor(config.limits).get(tool)?.becomesTask === true;
  const presence = new Presence();
  const factory: McpServerFactory = ({ era }) => serverFor(caller, env, config, era, request, presence);
  const handler = mcpHandler(factory, config.limits.mcpBodyMaxBytes, mayWait);
  return presence.watch(await handler.fetch(request));
}
