import { CLIENT_INFO_META_KEY, McpServer, type McpServerFactory, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { providerTitles } from '../../container/providers/index.ts';
import type { Caller } from '../caller.ts';
import type { Config } from '../config.ts';
import { accountOf } from '../objects.ts';
import { VERSION } from '../version.ts';
import { answerCall } from './answer.ts';
import type { Call } from './call.ts';
import { takesForms } from './elicitation.ts';
import { mcpHandler } from './handler.ts';
import { jobTasks } from './job-tasks.ts';
import { plain } from './render.ts';
import { listResources, readResource, resourceTemplates } from './resources.ts';
import { serveTasks, TASKS, takesTasks } from './tasks.ts';
import { type Listing, listing } from './tool.ts';
import { toolOf, tools } from './tools/index.ts';

const INSTRUCTIONS = `Hands work to ${providerTitles()} as durable jobs. *_request waits for the answer and hands over a job id when it takes long; *_request_async gives the id at once. llm_job_watch waits for news, llm_job_result reads the answer. A job goes on when you disconnect.`;

/** How long a client may keep the list of tools, in ms. */
const LIST_TTL_MS = 300_000;

/** Longest name of a client that is kept, in characters. */
const CLIENT_CHARS = 100;

type Era = Parameters<McpServerFactory>[0]['era'];
type CallOf = (context: ServerContext) => Call;

const listings = new Map<string, Listing[]>();

/** The tools that a caller's scopes allow. One list is kept per set of scopes. */
function toolsFor({ scopes }: Caller): Listing[] {
  const key = [...scopes].sort().join(' ');
  const listed = listings.get(key) ?? tools.filter(({ scope }) => scopes.includes(scope)).map(listing);
  listings.set(key, listed);
  return listed;
}

/** The same without those that the caller's policy hides. */
async function listTools({ caller, env }: Pick<Call, 'caller' | 'env'>): Promise<Listing[]> {
  const all = toolsFor(caller);
  const names = all.map(({ name }) => name);
  const hidden = await accountOf(env, caller).hiddenTools(caller.grant, names);
  return all.filter(({ name }) => !hidden.includes(name));
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

function serveResources({ server }: McpServer, callOf: CallOf) {
  server.setRequestHandler('resources/list', async (_request, context) => ({ resources: await listResources(callOf(context)) }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler('resources/read', async ({ params }, context) => ({
    contents: [await readResource(params.uri, callOf(context))],
  }));
}

const ClientInfo = z.looseObject({ [CLIENT_INFO_META_KEY]: z.object({ name: z.string(), version: z.string() }) });

/** What the client calls itself: in the protocol's own field, or in the request's header. */
function clientOf({ mcpReq }: ServerContext, userAgent: string): string {
  const told = ClientInfo.safeParse(mcpReq.envelope).data?.[CLIENT_INFO_META_KEY];
  return plain(told ? `${told.name} ${told.version}` : userAgent).slice(0, CLIENT_CHARS);
}

function serverFor(caller: Caller, env: Env, config: Config, era: Era, request: Request): McpServer {
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
    client: clientOf(context, request.headers.get('user-agent') ?? ''),
    origin: new URL(request.url).origin,
    takesTasks: hasTasks && takesTasks(context),
    elicits: era === 'modern' && config.approvalByClient === 'on' && takesForms(context),
    signal: context.mcpReq.signal,
    progress: progressOf(context),
  });
  mcp.server.setRequestHandler('tools/list', async () => ({ tools: await listTools({ caller, env }) }));
  mcp.server.setRequestHandler('tools/call', ({ params }, context) =>
    answerCall(toolOf(params.name), params.name, params.arguments ?? {}, callOf(context), context),
  );
  if (reads) serveResources(mcp, callOf);
  if (hasTasks) serveTasks(mcp, (context) => jobTasks(callOf(context)));
  return mcp;
}

/** Answers one MCP request of a caller who is known: both eras of the protocol, no session. */
export function handleMcp(request: Request, env: Env, config: Config, caller: Caller): Promise<Response> {
  const handler = mcpHandler(({ era }) => serverFor(caller, env, config, era, request), config.limits.mcpBodyMaxBytes);
  return handler.fetch(request);
}
