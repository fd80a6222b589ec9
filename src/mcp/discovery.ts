import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { providerTitles } from '../../container/providers/index.ts';
import type { AppEnv } from '../auth/app-env.ts';
import type { Limits } from '../config.ts';
import { VERSION } from '../version.ts';
import { toolsFor } from './tools/index.ts';

const NAME = 'llm-cli-gateway';
const TITLE = 'LLM CLI Gateway';
const DESCRIPTION = `Runs ${providerTitles()} requests as durable jobs.`;
const CARD_TYPE = 'application/mcp-server-card+json';
const CACHE = 'public, max-age=3600';

/** The server card of the MCP endpoint at a URL (SEP-2127, a draft). Its name is the host name in reverse order. */
const serverCard = (resource: string) => ({
  $schema: 'https://static.modelcontextprotocol.io/schemas/v2/server-card.schema.json',
  name: `${new URL(resource).hostname.split('.').reverse().join('.')}/${NAME}`,
  version: VERSION,
  title: TITLE,
  description: DESCRIPTION,
  remotes: [
    { type: 'streamable-http', url: resource, supportedProtocolVersions: ['2026-07-28', ...SUPPORTED_PROTOCOL_VERSIONS] },
  ],
});

/** The catalog of the MCP servers of a host: this one. */
const catalog = (resource: string) => ({
  specVersion: 'draft',
  entries: [
    {
      identifier: `urn:air:${new URL(resource).hostname}:${NAME}`,
      displayName: TITLE,
      type: CARD_TYPE,
      url: `${resource}/server-card`,
    },
  ],
});

const llmsText = (resource: string, limits: Limits) => `# ${TITLE}

> ${DESCRIPTION} A remote MCP server; it is used through an MCP client.

MCP endpoint: ${resource} (Streamable HTTP; OAuth, or an API token as "Authorization: Bearer <token>")

Claude Code: claude mcp add --transport http gateway ${resource}

## Tools

${[...toolsFor(limits).values()].map(({ name, description, scope }) => `- ${name}: ${description} (scope ${scope})`).join('\n')}
`;

/** What the gateway publishes about itself without authentication. */
export const discovery = new Hono<AppEnv>()
  .use('/mcp/server-card', cors({ origin: '*', allowMethods: ['GET', 'HEAD'] }))
  .get('/mcp/server-card', (c) =>
    c.body(JSON.stringify(serverCard(c.var.resource)), 200, { 'content-type': CARD_TYPE, 'cache-control': CACHE }),
  )
  .on('GET', ['/.well-known/ai-catalog.json', '/.well-known/mcp/catalog.json'], (c) =>
    c.json(catalog(c.var.resource), 200, { 'access-control-allow-origin': '*', 'cache-control': CACHE }),
  )
  .get('/llms.txt', (c) => c.text(llmsText(c.var.resource, c.var.config.limits), 200, { 'cache-control': CACHE }));
