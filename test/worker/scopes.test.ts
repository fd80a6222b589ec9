import { expect, test } from 'vitest';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../src/caller.ts';
import { readConfig } from '../../src/config.ts';
import { toolsFor } from '../../src/mcp/tools/index.ts';
import { post, someone } from './helpers/post.ts';

const tools = [...toolsFor(readConfig({}).limits).values()];
const Listed = z.object({ result: z.object({ tools: z.array(z.object({ name: z.string() })) }) });
const Discovered = z.object({ result: z.object({ capabilities: z.record(z.string(), z.unknown()) }) });

const sets: Scope[][] = [[], ...SCOPES.map((scope) => [scope]), ['jobs:run', 'jobs:read'], [...SCOPES]];

test.each(sets.map((scopes) => [scopes.join(' ') || 'nothing', scopes] as const))(
  'a grant of %s sees the tools that it may call, and no other',
  async (_name, scopes) => {
    const listed = Listed.parse(await post(someone(...scopes), 'tools/list', {}));
    const callable = tools.filter(({ scope }) => scopes.includes(scope));
    expect(listed.result.tools.map(({ name }) => name)).toEqual(callable.map(({ name }) => name));
  },
);

test.each(tools.map(({ name, scope }) => [name, scope] as const))(
  '%s is refused without %s, by its name',
  async (name, scope) => {
    const others = SCOPES.filter((other) => other !== scope);
    const { result } = await post(someone(...others), 'tools/call', { name, arguments: {} });
    expect(result).toMatchObject({
      isError: true,
      structuredContent: { ok: false, error: { code: 'scope_missing', message: expect.stringContaining(`"${scope}"`) } },
    });
  },
);

test('each scope that can be granted is needed by a tool', () => {
  expect(new Set(tools.map(({ scope }) => scope))).toEqual(new Set(SCOPES));
});

const reading: [string, Record<string, unknown>][] = [
  ['resources/list', {}],
  ['resources/templates/list', {}],
  ['resources/read', { uri: 'job://job_0/result' }],
];

test.each(reading)('%s needs jobs:read', async (method, params) => {
  expect((await post(someone('jobs:run'), method, params)).error).toMatchObject({ code: -32601 });
  expect((await post(someone('jobs:read'), method, params)).error?.code).not.toBe(-32601);
});

const offers: [Scope[], string[]][] = [
  [['jobs:run'], ['tools']],
  [['jobs:read'], ['resources', 'tools']],
  [
    ['jobs:read', 'jobs:run'],
    ['extensions', 'resources', 'tools'],
  ],
];

test.each(offers)('a grant of %j is offered %j', async (scopes, capabilities) => {
  const { result } = Discovered.parse(await post(someone(...scopes), 'server/discover', {}));
  expect(Object.keys(result.capabilities).sort()).toEqual(capabilities);
});
