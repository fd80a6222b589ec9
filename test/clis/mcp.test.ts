import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claude } from '../../container/providers/claude/claude.ts';
import { openWorkshop } from './real-cli.ts';

const SERVER = join(import.meta.dirname, '../fixtures/mcp-server.ts');
const stdio = (...args: string[]) => ({ command: process.execPath, args: [SERVER, ...args] });
const CONNECT_MS = 4_000;

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
const servers: Server[] = [];

async function listen(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/mcp`;
}

/** Accepts connections and never answers. */
const deaf = () => createServer((socket) => socket.on('error', () => {}).resume());
const locked = () => createHttpServer((_request, response) => response.writeHead(401).end());

beforeAll(async () => {
  workshop = await openWorkshop([claude]);
});
afterAll(async () => {
  await workshop.end();
  for (const server of servers) server.close();
});

const run = (given: Record<string, unknown>, options: Record<string, unknown> = {}) => {
  const mcpServers = claude.options.mcpServers?.type.parse(given);
  const prompt = '[mock:call mcp__docs__hello {}]';
  return workshop.run(claude, { prompt, options: { may: 'run', mcpServers, ...options }, mcpConnectMs: CONNECT_MS });
};

test.each([{}, { may: undefined, permissionMode: 'ask' }])(
  'servers that do not connect are reported, none holds up the run, and the others work: %j',
  async (options) => {
    const given = {
      docs: stdio(),
      missing: { command: 'no-such-binary' },
      exits: { command: '/bin/false' },
      refused: { url: 'http://127.0.0.1:1/mcp' },
      locked: { url: await listen(locked()) },
      // With its own limit of 30 s, the CLI would wait for this one.
      slow: stdio('initialize', '20000'),
      silent: stdio('initialize'),
      deaf: { url: await listen(deaf()) },
      mute: { type: 'sse', url: await listen(deaf()) },
    };
    const { items, answer } = await run(given, options);
    const init = items.find((item) => item.kind === 'init');
    const names = init?.notConnected?.map(({ name }) => name).sort();
    expect(names).toEqual(
      Object.keys(given)
        .filter((name) => name !== 'docs')
        .sort(),
    );
    expect(answer).toContain(options.permissionMode === 'ask' ? 'Tool said' : 'hello from the server');
  },
);

test('a server that never lists its tools does not hold up the run', async () => {
  const { items } = await run({ docs: stdio('tools/list') });
  expect(items.at(-1)).toMatchObject({ kind: 'result' });
});

test('servers that all connect are not mentioned', async () => {
  const { items, answer } = await run({ docs: stdio() });
  expect(items.find((item) => item.kind === 'init')?.notConnected).toBeUndefined();
  expect(answer).toContain('hello from the server');
});
