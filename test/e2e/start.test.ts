import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { descendants, outcomeOf, processTable, reader, scratchDirectory, spawnStart } from '../helpers/gateway-process.ts';
import { SHELL } from '../helpers/shell.ts';

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
  ['a port that is not a number', () => ['--port', 'http'], {}, /^--port must be a number from 0 to 65535, not "http"\.$/],
  [
    'a port in use',
    async () => ['--port', await heldPort(), '--state', scratchDirectory()],
    {},
    /^Port \d+ is in use .*--port\.$/,
  ],
  ['a state directory that cannot be created', () => ['--state', fileInTheWay()], {}, /^Cannot write to the state directory .*$/],
  [
    'containers without Docker',
    () => ['--containers', '--port', '0', '--state', scratchDirectory()],
    { WRANGLER_DOCKER_BIN: '/bin/false' },
    /^No Docker engine answers .* omit --containers.*$/,
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

const spawnOffline = (state: string, env: Record<string, string> = {}) =>
  spawnStart(['--offline', '--port', '0', '--state', state], env);

/** Ends a gateway: in time, and with everything that it started. */
async function end(child: ChildProcess, signal: NodeJS.Signals) {
  const family = descendants(child.pid).map(({ pid }) => pid);
  expect(family.length).toBeGreaterThan(3);
  const started = Date.now();
  child.kill(signal);
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(Date.now() - started).toBeLessThan(STOP_MS);
  expect(processTable().filter(({ pid }) => family.includes(pid))).toEqual([]);
}

test('a gateway locks its state directory, restarts a service that dies, and ends with all its processes at a signal', async () => {
  const state = scratchDirectory();
  const child = spawnOffline(state);
  const { line } = reader(child);
  const [, url = ''] = await line(/^Ready on (\S+)\/mcp$/);
  const [, token = ''] = await line(/^Token: (\S{43})$/);
  expect(processTable().filter(({ args }) => args.includes(token))).toEqual([]);
  expect(statSync(join(state, 'gateway-token')).mode & 0o077).toBe(0);

  const second = await outcomeOf(spawnOffline(state));
  expect(second.stderr).toMatch(/^The state directory \S+ is in use by process \d+\. .*\n$/);
  expect(second.code).toBe(1);

  for (const [title, part] of [
    ['The executor', 'container/main.ts'],
    ['The Worker', 'workerd serve'],
  ] as const) {
    process.kill(Number(descendants(child.pid).find(({ args }) => args.includes(part))?.pid), 'SIGKILL');
    await line(new RegExp(`^${title} ended and is restarted`));
    await line(new RegExp(`^${title} is ready again$`));
    expect(await fetch(`${url}/health`), title).toMatchObject({ status: 200 });
  }
  await end(child, 'SIGTERM');

  // Its token is the same after a restart, and a key in the shell is not used, unlike a setting of the executor.
  const again = spawnOffline(state, { ANTHROPIC_API_KEY: 'made-up', XAI_API_KEY: 'made-up', EXECUTOR_CONTAINMENT: 'none' });
  const said = reader(again);
  await said.line(/^Runs are not confined: .* npm start -- --containers\.$/);
  await said.line(/^Offline: the bundled model endpoint answers; no model is called, nothing is spent\.$/);
  await said.line(/^Offline because --offline was given\.$/);
  expect((await said.line(/^Token: (\S{43})$/))[1]).toBe(token);
  expect(processTable().filter(({ args }) => args.includes(token))).toEqual([]);
  await end(again, 'SIGINT');
});

test('the demo gets a sentence from each provider, says why it is offline, and marks every cost as simulated', async () => {
  const child = spawn(process.execPath, ['scripts/demo.ts'], { env: SHELL, stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout, code } = await outcomeOf(child);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('Offline because --live was not given.');
  expect(stdout.match(/^(claude|grok): A durable job is .*\.$/gm)).toHaveLength(2);
  const costs = stdout.match(/\$\d.*|\d USD.*/g) ?? [];
  expect(costs.length).toBeGreaterThan(1);
  expect(costs.filter((cost) => !/^(\$[\d.]+|\d USD) simulated/.test(cost))).toEqual([]);
});
