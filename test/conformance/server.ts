import { createRequestStateCodec, McpServer, type McpServerFactory, type ServerNotifier } from '@modelcontextprotocol/server';
import { TASKS } from '../../src/mcp/tasks.ts';
import { addContentTools } from './content.ts';
import { addDialogueTools } from './dialogue.ts';
import { addInputTools } from './input-required.ts';
import { addPrompts } from './prompts.ts';
import { addResources } from './resources.ts';
import { addStatelessTools } from './stateless.ts';
import { addTaskTools } from './tasks.ts';

type Era = Parameters<McpServerFactory>[0]['era'];

const codec = createRequestStateCodec<string>({ key: 'a made-up key of thirty-two bytes' });
const cacheable = { ttlMs: 60_000, cacheScope: 'public' } as const;
const changes = { listChanged: true } as const;

/** A server with all fixtures that the suite uses by name. */
export function fixtureServer(era: Era, notify: ServerNotifier): McpServer {
  const mcp = new McpServer(
    { name: 'conformance-fixtures', version: '1.0.0' },
    {
      capabilities: {
        tools: changes,
        prompts: changes,
        resources: { ...changes, subscribe: true },
        completions: {},
        logging: {},
        ...(era === 'modern' && { extensions: { [TASKS]: {} } }),
      },
      cacheHints: {
        'tools/list': cacheable,
        'prompts/list': cacheable,
        'resources/list': cacheable,
        'resources/templates/list': cacheable,
        'resources/read': cacheable,
      },
      requestState: { verify: codec.verify },
    },
  );
  addContentTools(mcp);
  addDialogueTools(mcp);
  addInputTools(mcp, codec);
  addStatelessTools(mcp, notify);
  addResources(mcp, era);
  addPrompts(mcp);
  addTaskTools(mcp, era, codec);
  return mcp;
}
