import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { descendants, outcomeOf, processTable, reader, scratchDirectory, spawnStart } from './gateway-process.ts';

const STOP_MS = 10_000;

async function heldPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return String(address.port);
}

function fileInTheWay() {
  const file = join(scratchDirectory(), 'file');
  writeFileSync(file, '');
  return join(file, 'state');
}

const refusals: [what: string, args: () => Promise<string[]> | string[], env: Record<string, string>, line: RegExp][] = [
  ['an unknown flag', () => ['--prot', '1'], {}, /^Unknown option '--prot'\. Known flags: --port, .*$/],
  ['a port that is no number', () => ['--port', 'http'], {}, /^--port must be a number from 0 to 65535, not "http"\.$/],
  ['a taken port', async () => ['--port', await heldPort(), '--state', scratchDirectory()], {}, /^Port \d+ is taken .*--port\.$/],
  ['a state directory that cannot be made', () => ['--state', fileInTheWay()], {}, /^Cannot write to the state directory .*$/],
  [
    'containers without Docker',
    () => ['--containers', '--port', '0', '--state', scratchDirectory()],
    { WRANGLER_DOCKER_BIN: '/bin/false' },
    /^No Docker engine answers .* leave out --containers.*$/,
  ],
  [
    'a token that is too short',
    () => ['--port', '0', '--state', scratchDirectory()],
    { GATEWAY_TOKEN: 'short' },
    /^Wrong settings\. GATEWAY_TOKEN: (?!.*short).*$/,
  ],
];

test.each(refusals)('%s is refused in one line', async (_what, args, env, line) => {
  const { stdout, stderr, code } = await outcomeOf(spawnStart(await args(), env));
  expect(stderr.trimEnd()).toMatch(line);
  expect(stdout).toBe('');
  expect(code).toBe(1);
});

test('a key in the shell is not used', async () => {
  const env = { ANTHROPIC_API_KEY: 'made-up', XAI_API_KEY: 'made-up' };
  const { line } = reader(spawnStart(['--offline', '--port', '0', '--state', scratchDirectory()], env));
  await line(/^Offline: the bundled model endpoint answers; no model is called, nothing is spent\.$/);
});

test('the made token is printed, private, not in any argv, and the same after a restart', async () => {
  const state = scratchDirectory();
  const tokenOfStart = async () => {
    const child = spawnStart(['--offline', '--port', '0', '--state', state]);
    const [, token = ''] = await reader(child).line(/^Token: (\S{43})$/);
    expect(processTable().filter(({ args }) => args.includes(token))).toEqual([]);
    child.kill('SIGTERM');
    await once(child, 'exit');
    return token;
  };
  const first = await tokenOfStart();
  expect(statSync(join(state, 'gateway-token')).mode & 0o077).toBe(0);
  expect(await tokenOfStart()).toBe(first);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends everything within 10 s', async (signal) => {
  const child = spawnStart(['--offline', '--port', '0', '--state', scratchDirectory()]);
  const [, url = ''] = await reader(child).line(/^Ready on (\S+)\/mcp$/);
  expect(await fetch(`${url}/health`)).toMatchObject({ status: 200 });
  const family = descendants(child.pid).map(({ pid }) => pid);
  expect(family.length).toBeGreaterThan(3);
  const started = Date.now();
  child.kill(signal);
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(Date.now() - started).toBeLessThan(STOP_MS);
  expect(processTable().filter(({ pid }) => family.includes(pid))).toEqual([]);
});

test('a second gateway on the same state directory is refused', async () => {
  const state = scratchDirectory();
  await reader(spawnStart(['--offline', '--port', '0', '--state', state])).line(/^Ready on/);
  const { stderr, code } = await outcomeOf(spawnStart(['--offline', '--port', '0', '--state', state]));
  expect(stderr).toMatch(/^The state directory \S+ is in use by process \d+\. .*\n$/);
  expect(code).toBe(1);
});

test.each([
  ['The executor', 'container/main.ts'],
  ['The Worker', 'workerd serve'],
])('%s is started again when it dies', async (title, part) => {
  const child = spawnStart(['--offline', '--port', '0', '--state', scratchDirectory()]);
  const { line } = reader(child);
  const [, url = ''] = await line(/^Ready on (\S+)\/mcp$/);
  const victim = descendants(child.pid).find(({ args }) => args.includes(part));
  process.kill(Number(victim?.pid), 'SIGKILL');
  await line(new RegExp(`^${title} ended and is started again`));
  await line(new RegExp(`^${title} is back$`));
  expect(await fetch(`${url}/health`)).toMatchObject({ status: 200 });
});
