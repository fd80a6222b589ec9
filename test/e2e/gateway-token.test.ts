import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { LOOPBACK } from '../../scripts/local/port.ts';
import { outcomeOf, reader } from '../helpers/gateway-process.ts';
import { copyProject } from '../helpers/project.ts';
import { SHELL } from '../helpers/shell.ts';

const EXECUTOR = 'EXECUTOR_URL=http://127.0.0.1:9\nEXECUTOR_TOKEN=a-made-up-executor-token\nXAI_API_KEY=made-up\n';

const root = mkdtempSync(join(tmpdir(), 'gateway-token-'));
let url = '';
/** The tokens that a gateway was called with. */
let shown: (string | undefined)[] = [];

beforeAll(() => copyProject(root));
afterAll(() => rmSync(root, { recursive: true }));

/** A server that is alive as a gateway is, and refuses every token. */
beforeEach(async () => {
  rmSync(join(root, 'state'), { recursive: true, force: true });
  shown = [];
  const server = createServer(({ url: path, headers }, response) => {
    if (path === '/health') return response.end('{"ok":true,"version":"1"}');
    shown.push(headers.authorization?.replace(/^Bearer ?/, ''));
    return response.writeHead(401).end('{}');
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, LOOPBACK), 'listening');
  const address = server.address();
  url = `http://${LOOPBACK}:${typeof address === 'object' ? address?.port : 0}`;
});

const run = (env: Record<string, string>, script: string, ...args: string[]) =>
  spawn(process.execPath, [join(root, 'scripts', script), ...args, '--state', 'state'], {
    env: { ...SHELL, WRANGLER_DOCKER_BIN: '/bin/false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

function keep(token: string) {
  mkdirSync(join(root, 'state'));
  writeFileSync(join(root, 'state/gateway-token'), `${token}\n`);
}

/** The token that the Worker of `npm start` takes. */
async function startedWith(env: Record<string, string>) {
  const child = run(env, 'start.ts', '--port', '0');
  await reader(child).line(/^Ready/);
  child.kill();
  await once(child, 'exit');
  return readFileSync(join(root, 'state/worker/token'), 'utf8');
}

async function connectedWith(env: Record<string, string>) {
  const { stdout } = await outcomeOf(run(env, 'connect.ts', 'claude-code'));
  return /claude mcp add .* http:\/\/127\.0\.0\.1:8787\/mcp --header "Authorization: Bearer (\S+)"/.exec(stdout)?.[1];
}

const CALLS = [['doctor.ts'], ['token.ts', '--list'], ['policy.ts', 'get'], ['audit.ts', 'list']] as const;

test.each([
  ['the environment', { GATEWAY_TOKEN: 'of-the-environment' }, 'GATEWAY_TOKEN=of-the-dot-dev-vars', 'of-the-environment'],
  ['.dev.vars', {}, 'GATEWAY_TOKEN=of-the-dot-dev-vars', 'of-the-dot-dev-vars'],
  ['npm start, which generated it', {}, '', 'of-the-state-directory'],
])('every command has the token of %s', async (_where, env, line, token) => {
  writeFileSync(join(root, '.dev.vars'), EXECUTOR + line);
  keep('of-the-state-directory');
  expect(await startedWith(env)).toBe(token);
  expect(await connectedWith(env)).toBe(token);
  await Promise.all(CALLS.map(([script, ...args]) => outcomeOf(run(env, script, ...args, '--url', url))));
  expect(shown.length).toBeGreaterThanOrEqual(CALLS.length);
  expect([...new Set(shown)]).toEqual([token]);
});

test('without a token the owner commands refuse, connect prints a placeholder, and npm start generates one', async () => {
  writeFileSync(join(root, '.dev.vars'), EXECUTOR);
  for (const [script, ...args] of CALLS.slice(1))
    expect(await outcomeOf(run({}, script, ...args, '--url', url))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'No gateway token in state. Set GATEWAY_TOKEN, or name the --state directory of npm start.\n',
    });
  expect((await outcomeOf(run({}, 'doctor.ts', '--url', url))).stdout).toContain('HTTP 401. Set GATEWAY_TOKEN');
  expect(shown).toEqual(['']);
  expect(await connectedWith({})).toBe('<token>');
  expect(await startedWith({})).toMatch(/^\S{43}$/);
  expect(await connectedWith({})).toBe(readFileSync(join(root, 'state/gateway-token'), 'utf8'));
});
