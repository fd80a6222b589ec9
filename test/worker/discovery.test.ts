import { exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../../src/config.ts';
import { toolsFor } from '../../src/mcp/tools/index.ts';
import { VERSION } from '../../src/version.ts';

const tools = toolsFor(readConfig({}).limits);
const ORIGIN = 'https://gateway.example.com';
const get = (path: string) => exports.default.fetch(new Request(new URL(path, ORIGIN)));

/** Server cards as SEP-2127 describes them. */
const Card = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/v2/server-card.schema.json'),
  name: z.string().regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  version: z.string(),
  title: z.string().max(100),
  description: z.string().max(100),
  remotes: z.array(z.strictObject({ type: z.string(), url: z.url(), supportedProtocolVersions: z.array(z.string()) })),
});

const catalogs = ['/.well-known/ai-catalog.json', '/.well-known/mcp/catalog.json'];

test.each(catalogs)('%s links to the server card without a token, and the card to the endpoint', async (path) => {
  const catalog = await get(path);
  expect(catalog.headers.get('access-control-allow-origin')).toBe('*');
  const Catalog = z.object({ entries: z.array(z.object({ type: z.string(), url: z.url() })) });
  const [entry] = Catalog.parse(await catalog.json()).entries;
  expect(entry).toEqual({ type: 'application/mcp-server-card+json', url: `${ORIGIN}/mcp/server-card` });
  const found = await get(new URL(entry?.url ?? '').pathname);
  expect(Object.fromEntries(found.headers)).toMatchObject({
    'content-type': 'application/mcp-server-card+json',
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=3600',
  });
  const card = Card.parse(await found.json());
  expect(card).toMatchObject({ name: 'com.example.gateway/llm-cli-gateway', version: VERSION });
  expect(card.remotes).toMatchObject([{ type: 'streamable-http', url: `${ORIGIN}/mcp` }]);
  expect(card.remotes[0]?.supportedProtocolVersions.slice(0, 2)).toEqual(['2026-07-28', '2025-11-25']);
});

test('llms.txt names the endpoint and every tool', async () => {
  const text = await (await get('/llms.txt')).text();
  expect(text).toContain(`${ORIGIN}/mcp`);
  for (const { name, scope } of tools.values()) expect(text).toMatch(new RegExp(`^- ${name}: .* \\(scope ${scope}\\)$`, 'm'));
});
