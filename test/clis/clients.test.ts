import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type Cli, findClis } from '../../container/clis.ts';
import { providers } from '../../container/providers/index.ts';
import { claudeArguments, remoteArguments } from '../../scripts/cli/clients.ts';
import { ROOT } from '../../scripts/local/environment.ts';
import { createModelServer } from '../../scripts/model-server/server.ts';
import { foreignEnvironment, runCommand } from '../helpers/command.ts';
import { useGateway } from '../helpers/gateway.ts';
import { scratchDirectory } from '../helpers/gateway-process.ts';
import { connect } from '../helpers/mcp-client.ts';

const { gateway } = useGateway();
const HELLO = 'Hello from the mock model.';
const CALL = { name: 'grok_request', arguments: { prompt: 'hi' } };
const KEY = 'a-made-up-key-of-some-length';
const ME = { name: 'e2e', version: '1' };

const authorization = () => `Bearer ${gateway().settings.token}`;
const place = () => ({ url: gateway().url, token: gateway().settings.token });
const script = (path: string) => [process.execPath, join(ROOT, 'node_modules', path)];

async function cliOf(provider: string): Promise<string> {
  const state = scratchDirectory();
  const { [provider]: cli } = await findClis(Object.values(providers), {}, state);
  const { binary }: Cli = z.object({ binary: z.string(), version: z.string() }).parse(cli);
  return binary;
}

/** A model for a client that needs one: it calls the tool that its prompt names. `bodies` gets what it is sent. */
async function modelUrl(bodies?: string): Promise<string> {
  const server = createModelServer({ scenario: 'text', models: [], bodies });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

test.each([
  ['2026-07-28', { pin: '2026-07-28' }],
  ['2025-11-25', 'legacy'],
] as const)('the SDK client of the second generation speaks %s and calls a tool', async (revision, mode) => {
  const { client, close } = await connect(gateway().url, gateway().settings.token, { mode });
  onTestFinished(close);
  expect(client.getNegotiatedProtocolVersion()).toBe(revision);
  expect(await client.callTool(CALL)).toMatchObject({ structuredContent: { ok: true, answer: { text: HELLO } } });
});

test('the SDK client of the first generation lists the tools and calls one', async () => {
  const client = new FirstClient(ME);
  onTestFinished(() => client.close());
  const requestInit = { headers: { authorization: authorization() } };
  const transport = new FirstTransport(new URL(gateway().url), { requestInit });
  await client.connect(transport);
  expect(transport.protocolVersion).toBe('2025-11-25');
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain(CALL.name);
  expect(await client.callTool(CALL)).toMatchObject({ structuredContent: { ok: true, answer: { text: HELLO } } });
});

const quiet = { ANTHROPIC_API_KEY: KEY, DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' };

test('Claude Code adds the gateway, sees it connected and calls grok_request in print mode', async () => {
  const claude = await cliOf('claude');
  const home = scratchDirectory();
  const env = { ...quiet, ANTHROPIC_BASE_URL: await modelUrl() };
  const run = (...args: string[]) => runCommand([claude, ...args], home, env);
  const added = await run(...claudeArguments(place()));
  expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('Added HTTP MCP server gateway') });
  expect((await run('mcp', 'list')).stdout).toContain(`${gateway().url} (HTTP) - ✔ Connected`);
  const prompt = `[mock:call mcp__gateway__grok_request ${JSON.stringify(CALL.arguments)}]`;
  const { stdout, code } = await run('-p', prompt, '--allowedTools', 'mcp__gateway__grok_request');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Tool said: ') });
  expect(JSON.parse(stdout.slice('Tool said: '.length))).toMatchObject({ ok: true, answer: { text: HELLO } });
});

const ALL_TOOLS = 'mcp__gateway';

test('Claude Code starts a job with an answer of 400,000 bytes and reads all of it without an error or a file', async () => {
  const claude = await cliOf('claude');
  const home = scratchDirectory();
  const env = { ...quiet, ANTHROPIC_BASE_URL: await modelUrl() };
  const run = (...args: string[]) => runCommand([claude, ...args], home, env);
  await run(...claudeArguments(place()));
  // Brackets would end the directive.
  const input = String.raw`{"prompt":"\u005bmock:big 400000\u005d"}`;
  const prompt = `[mock:follow mcp__gateway__claude_request_async ${input}]`;
  const { stdout, code } = await run('-p', prompt, '--allowedTools', ALL_TOOLS);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('{"calls":') });
  const { calls, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ chars: 400_000 });
  expect(calls).toBe(9);
});

/** A home in which Claude Code was used before, and knows the gateway. */
function usedHome(): string {
  const home = scratchDirectory();
  const server = { type: 'http', url: gateway().url, headers: { Authorization: authorization() } };
  const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, mcpServers: { gateway: server } };
  const approved = { approved: [KEY.slice(-20)], rejected: [] };
  const known = { hasCompletedOnboarding: true, customApiKeyResponses: approved, projects: { [home]: project } };
  writeFileSync(join(home, '.claude.json'), JSON.stringify(known));
  return home;
}

const hasTerminals = existsSync('/usr/bin/script') && process.platform === 'linux';

test.skipIf(!hasTerminals)('Claude Code in a terminal takes a task, goes on, and is told the result by itself', async () => {
  const home = usedHome();
  const bodies = join(home, 'bodies');
  mkdirSync(bodies);
  const env = {
    ...quiet,
    ANTHROPIC_BASE_URL: await modelUrl(bodies),
    TERM: 'xterm-256color',
    CLAUDE: await cliOf('claude'),
    // Brackets would end the directive.
    PROMPT: String.raw`[mock:call mcp__gateway__grok_request {"prompt":"\u005bmock:slow 6\u005d"}]`,
  };
  const typed = 'stty cols 150 rows 50; exec "$CLAUDE" --allowedTools mcp__gateway__grok_request -- "$PROMPT"';
  const child = spawn('/usr/bin/script', ['-qec', typed, '/dev/null'], { cwd: home, env: foreignEnvironment(home, env) });
  onTestFinished(async () => {
    if (child.kill('SIGTERM')) await once(child, 'close');
  });
  child.stdout.resume();
  const sent = () => readdirSync(bodies).map((name) => readFileSync(join(bodies, name), 'utf8'));
  await expect.poll(() => sent().some((body) => body.includes('tok40')), { timeout: 60_000, interval: 250 }).toBe(true);
  const asked = sent().find((body) => body.includes('started server-side task job_'));
  expect(asked).not.toContain('tok40');
});

test('Grok CLI finds the gateway healthy', async () => {
  const grok = await cliOf('grok');
  const home = scratchDirectory();
  mkdirSync(join(home, 'grok'));
  const headers = `{ Authorization = "${authorization()}" }`;
  writeFileSync(join(home, 'grok', 'config.toml'), `[mcp_servers.gateway]\nurl = "${gateway().url}"\nheaders = ${headers}\n`);
  const env = { GROK_HOME: join(home, 'grok'), XAI_API_KEY: 'a-made-up-key' };
  const { stdout, code } = await runCommand([grok, 'mcp', 'doctor'], home, env);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('handshake OK (protocol 2026-07-28)') });
  expect(stdout).toContain('1 healthy, 0 failing');
});

test("the Inspector's command line lists the tools and calls one", async () => {
  const home = scratchDirectory();
  const inspector = script('@modelcontextprotocol/inspector/clients/launcher/build/index.js');
  const where = ['--cli', gateway().url, '--transport', 'http', '--header', `Authorization: ${authorization()}`];
  const inspect = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr, code } = await runCommand([...inspector, ...where, '--format', 'json', '--method', ...args], home);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  expect(await inspect('tools/list')).toMatchObject({
    result: { tools: expect.arrayContaining([expect.objectContaining({ name: CALL.name })]) },
  });
  const input = JSON.stringify(CALL.arguments);
  expect(await inspect('tools/call', '--tool-name', CALL.name, '--tool-args-json', input)).toMatchObject({
    result: { structuredContent: { answer: { text: HELLO } } },
  });
});

test('mcp-remote brings a client that speaks stdio alone to the gateway', async () => {
  const home = scratchDirectory();
  const [command = '', ...args] = script('mcp-remote/dist/proxy.js');
  const client = new Client(ME, { versionNegotiation: { mode: 'legacy' } });
  onTestFinished(() => client.close());
  const env = foreignEnvironment(home, { AUTHORIZATION: authorization() });
  const all = [...args, ...remoteArguments(place())];
  await client.connect(new StdioClientTransport({ command, args: all, env, cwd: home, stderr: 'ignore' }));
  expect(await client.callTool(CALL)).toMatchObject({ structuredContent: { ok: true, answer: { text: HELLO } } });
});
