import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../src/version.ts';

/** server.json as far as the MCP registry's schema of 2025-12-11 binds a server with remotes alone. */
const Server = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.literal(VERSION),
  remotes: z.tuple([
    z.strictObject({
      type: z.literal('streamable-http'),
      url: z.string().regex(/^https:\/\/\S+\/mcp$/),
      variables: z.record(z.string(), z.strictObject({ description: z.string(), isRequired: z.boolean() })),
    }),
  ]),
});

test("server.json fits the registry's schema and names every variable of its URL", () => {
  const server = Server.parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../server.json'), 'utf8')));
  const [{ url, variables }] = server.remotes;
  expect([...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(Object.keys(variables));
});
