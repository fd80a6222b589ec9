import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/local/environment.ts';
import { claimPort, LOOPBACK } from '../../scripts/local/port.ts';
import { executor, worker } from '../../scripts/local/services.ts';
import { lockStateDirectory } from '../../scripts/local/state.ts';
import { readDoctor } from '../helpers/doctor.ts';
import { outcomeOf } from '../helpers/gateway-process.ts';
import { connect, type McpClient } from '../helpers/mcp-client.ts';
import { SHELL } from '../helpers/shell.ts';
import { writeConfig } from '../helpers/wrangler-config.ts';
import { partOf } from '../rig/part.ts';

const FIXTURES = join(ROOT, 'test/fixtures');
/** Loads the third provider before a program of ours. */
const WITH_PARROT = ['--import', join(FIXTURES, 'parrot.ts')];
const KEY = 'squawk-a-made-up-key';
const GATEWAY_TOKEN = 'a-made-up-gateway-token';
const EXECUTOR_TOKEN = 'a-made-up-executor-token';

const state = mkdtempSync(join(tmpdir(), 'third-provider-'));
const received: IncomingHttpHeaders[] = [];
/** The parrots' model service: it repeats what it is told, at 1 cent. */
const service = createServer(async (request, response) => {
  received.push(request.headers);
  const body = await new Response(request).text();
  response.setHeader('content-type', 'application/json');
  if (request.headers['x-parrot-key'] !== KEY) return response.writeHead(401).end('{}');
  const { words = '', loud = false } = body ? JSON.parse(body) : {};
  response.end(JSON.stringify({ answer: loud ? words.toUpperCase() : words, words: words.split(' ').length, usd: 0.01 }));
});

let client: McpClient;
let url = '';
const parts: ReturnType<typeof partOf>[] = [];

beforeAll(async () => {
  lockStateDirectory(state);
  await once(service.listen(0, LOOPBACK), 'listening');
  const address = service.address();
  const upstream = `http://${LOOPBACK}:${typeof address === 'object' ? address?.port : 0}`;
  const executorSpec = executor(state, EXECUTOR_TOKEN);
  const parrotOnly = { EXECUTOR_PARROT_BIN: join(FIXTURES, 'parrot-cli.mjs'), EXECUTOR_MIN_FREE_DISK_BYTES: '0' };
  const executorPart = partOf({
    ...executorSpec,
    argv: (port) => [...WITH_PARROT, ...executorSpec.argv(port)],
    env: (port) => ({ ...executorSpec.env(port), ...parrotOnly }),
  });
  parts.push(executorPart);
  await executorPart.start();
  const port = await claimPort(0);
  const bindings = {
    GATEWAY_TOKEN,
    PARROT_KEY: KEY,
    PARROT_UPSTREAM_URL: upstream,
    GATE_URL: `http://${LOOPBACK}:${port}/gate`,
    EXECUTOR_URL: executorPart.url(),
    EXECUTOR_TOKEN,
  };
  const workerSpec = worker(state, port, bindings);
  const config = writeConfig(state, (toml) => toml.replace('"src/index.ts"', JSON.stringify(join(FIXTURES, 'parrot-worker.ts'))));
  const workerPart = partOf({ ...workerSpec, message: { ...workerSpec.message, config } });
  parts.push(workerPart);
  await workerPart.start();
  url = `http://${LOOPBACK}:${port}`;
  client = await connect(`${url}/mcp`, GATEWAY_TOKEN);
});

afterAll(async () => {
  await client?.close();
  await Promise.all(parts.map((part) => part.end('SIGTERM')));
  service.close();
  rmSync(state, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs a script of ours, or the code of a module, with the third provider. */
const runScript = (args: string[]) =>
  outcomeOf(
    spawn(process.execPath, [...WITH_PARROT, ...args], {
      cwd: ROOT,
      env: { ...SHELL, GATEWAY_TOKEN },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );

test('it has two tools with its options, its models and its name in what callers read', async () => {
  const { tools } = await client.client.listTools();
  const [waits, starts] = tools.filter(({ name }) => name.startsWith('parrot'));
  expect([waits?.name, starts?.name]).toEqual(['parrot_request', 'parrot_request_async']);
  expect(waits?.title).toBe('Ask Parrot');
  expect(waits?.inputSchema.properties).toMatchObject({
    loud: { type: 'boolean', description: 'Speak up.' },
    goOn: {},
    seeds: {},
  });
  expect(waits?.annotations).toMatchObject({ destructiveHint: true, openWorldHint: true });
  expect(client.client.getInstructions()).toContain('Claude Code, Grok, and Parrot');
  const { models } = await client.call('list_models', { provider: 'parrot' });
  expect(models).toEqual([{ provider: 'parrot', default: 'polly', models: ['polly'], aliases: {} }]);
});

test('its CLI runs in the executor, calls its model through the gate with its key, and is metered', async () => {
  received.length = 0;
  const { job, answer } = await client.call('parrot_request', { prompt: 'pretty bird', loud: true });
  expect(answer?.text).toBe('PRETTY BIRD');
  expect(job).toMatchObject({ provider: 'parrot', state: 'completed', usage: { outputTokens: 2, costUsd: 0.01 } });
  expect(received.map((headers) => headers['x-parrot-key'])).toEqual([KEY]);
});

test('its gate passes the paths that it declares alone', async () => {
  const { error } = await client.call('parrot_request', { prompt: '/secrets' });
  expect(error?.message).toContain('HTTP 403');
});

test('the option that it names as its budget ends a run that passes it', async () => {
  const { error } = await client.call('parrot_request', { prompt: 'one\ntwo', seeds: 0.001 });
  expect(error).toMatchObject({ code: 'budget_exceeded', message: expect.stringContaining('0.001 USD') });
});

test.each([
  [{ prompt: 'hello', escape: true }, 'deny'],
  [{ prompt: 'hello', loud: true }, 'allow'],
])('the shipped policy decides on its tool with %j: %s', async (args, expected) => {
  const { decision } = await client.call('policy_test', { tool: 'parrot_request', arguments: args, policy: 'careful' });
  expect(decision?.decision).toBe(expected);
});

test('the doctor checks its CLI and its key', async () => {
  const { says } = readDoctor(await runScript(['scripts/doctor.ts', '--url', url]));
  expect(says.parrot).toMatch(/^WRONG: Not installed/);
  expect(says['key of parrot']).toMatch(/^ok: Accepted by 127\.0\.0\.1/);
  expect(says.executor).toContain('parrot 1.0.0');
});

test('documents and commands name it with its options and settings', async () => {
  const print = `import { SECTIONS } from './scripts/cli/doc-tables.ts'; console.log(SECTIONS.options() + SECTIONS.settings())`;
  const [docs, help] = await Promise.all([
    runScript(['--input-type=module', '--eval', print]),
    runScript(['scripts/start.ts', '--help']),
  ]);
  for (const shown of [
    '## Parrot',
    '| `loud` | boolean | Speak up. | `--loud` |',
    '`PARROT_UPSTREAM_URL`',
    'Key of the parrot service.',
  ])
    expect(docs.stdout).toContain(shown);
  expect(help.stdout).toContain('PARROT_KEY for Parrot');
});
