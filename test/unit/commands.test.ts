import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../../scripts/local/environment.ts';
import { lockStateDirectory } from '../../scripts/local/state.ts';
import { outcomeOf, scratchDirectory } from '../helpers/gateway-process.ts';
import { SHELL } from '../helpers/shell.ts';

const Package = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = Package.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
/** Commands of package.json that run a file of this project, with its arguments. */
const COMMANDS = Object.entries(scripts).flatMap(([name, line]) =>
  line.startsWith('node scripts/run.mjs ') ? [[name, line.split(' ').slice(2)] as const] : [],
);

function run(root: string, args: readonly string[], env: Record<string, string> = {}) {
  const argv = [join(root, 'scripts/run.mjs'), ...args];
  return spawn(process.execPath, argv, { env: { ...SHELL, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The environment of a script that npm runs, with the flags that npm took for its own. */
const npmEnvironment = (flags: Record<string, string>) => ({
  npm_lifecycle_event: 'command',
  ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [`npm_config_${name}`, value])),
});

/** The project as it is cloned: without packages. */
function clone(): string {
  const root = scratchDirectory();
  for (const name of ['package.json', 'scripts', 'src', 'container'])
    cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: (path) => !path.includes('node_modules') });
  return root;
}

test('every command that runs a file of this project starts by the launcher', () => {
  const direct = Object.values(scripts).filter((line) => line.includes('.ts') && !line.startsWith('vitest'));
  expect(direct).toEqual([]);
  expect(COMMANDS.length).toBeGreaterThan(10);
});

test('without npm ci every command prints one sentence', async () => {
  const root = clone();
  for (const [name, args] of COMMANDS)
    expect(await outcomeOf(run(root, args)), name).toEqual({
      code: 1,
      stdout: '',
      stderr: "The packages of this project are not installed. Run npm ci in the project's directory, then this command again.\n",
    });
}, 60_000);

test('half an installation, and a Node that cannot run TypeScript, are named in one sentence', async () => {
  const root = clone();
  mkdirSync(join(root, 'node_modules'));
  writeFileSync(join(root, 'node_modules/.package-lock.json'), '{}');
  expect((await outcomeOf(run(root, ['start']))).stderr).toMatch(
    /^A package of this project is not installed\. Run npm ci .*\n$/,
  );
  const old = { NODE_OPTIONS: '--no-experimental-strip-types' };
  expect((await outcomeOf(run(root, ['start'], old))).stderr).toMatch(
    /^Node \S+ cannot run this project, and the pinned Node is not installed\. Run npm ci .*\n$/,
  );
});

/** What the help of a command names in place of `npm run NAME`, for those that are another command with arguments. */
const NAMED: Record<string, string> = {
  ...{ start: 'npm start', lint: 'npm run check', typecheck: 'npm run check', format: 'biome check', types: 'wrangler types' },
  ...Object.fromEntries(Object.keys(scripts).flatMap((name) => (scripts[name]?.startsWith('vitest ') ? [[name, 'vitest']] : []))),
};
const PROGRAMS: Record<string, string[]> = { node: [], vitest: ['node_modules/vitest/vitest.mjs'] };

test.concurrent.each(Object.entries(scripts))('%s explains itself with --help, and does nothing else', async (name, line) => {
  const [program = '', ...args] = line.split(' ');
  const argv = [...(PROGRAMS[program] ?? []), ...args, '--help'];
  const child = spawn(process.execPath, argv, { cwd: ROOT, env: SHELL, stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout, stderr, code } = await outcomeOf(child);
  expect(stdout).toContain(NAMED[name] ?? `npm run ${name}`);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

test.each([
  ['--port 99999', ['99999'], { port: 'true' }],
  ['--port=99999', [], { port: '99999' }],
  ['--state X --port 99999', ['X', '99999'], { state: 'true', port: 'true' }],
])('npm start %s is accepted without --', async (_line, rest, flags) => {
  const { stderr } = await outcomeOf(run(ROOT, ['start', ...rest], npmEnvironment(flags)));
  expect(stderr).toBe('--port must be a number from 0 to 65535, not "99999".\n');
});

test('npm run connect cursor --url URL is accepted without --, and so is a flag without a value', async () => {
  const connect = await outcomeOf(run(ROOT, ['connect', 'cursor', 'https://g.example'], npmEnvironment({ url: 'true' })));
  expect(connect.stdout).toContain('"https://g.example/mcp"');
  const deploy = run(ROOT, ['deploy'], npmEnvironment({ dry_run: 'true', config: '/nowhere/wrangler.toml' }));
  expect((await outcomeOf(deploy)).stderr).toMatch(/^\/nowhere\/wrangler\.toml cannot be deployed: .*\n$/);
});

test('flags whose values cannot be told apart are refused with the way to separate them', async () => {
  const env = npmEnvironment({ url: 'true', state: 'true' });
  const { stderr, code } = await outcomeOf(run(ROOT, ['connect', 'cursor', 'https://g.example', 'X'], env));
  expect(stderr).toMatch(/^Separate the flags of the command from those of npm: npm run NAME -- --url VALUE .*\n$/);
  expect(code).toBe(1);
});

test('a reader that ends early ends no command with a trace', async () => {
  const child = run(ROOT, ['connect', 'cursor', '--url', 'https://g.example']);
  child.stdout?.destroy();
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  expect({ errors, code }).toEqual({ errors: '', code: 0 });
});

test('connect finds the port of the gateway that runs on a state directory, and says so if none runs', async () => {
  const state = scratchDirectory();
  const { record, release } = lockStateDirectory(state);
  record('http://127.0.0.1:48211/mcp');
  writeFileSync(join(state, 'gateway-token'), 'of-this-gateway');
  const args = ['connect', 'claude-code', '--state', state];
  expect((await outcomeOf(run(ROOT, args))).stdout).toContain(
    'http://127.0.0.1:48211/mcp --header "Authorization: Bearer of-this-gateway"',
  );
  release();
  const none = await outcomeOf(run(ROOT, args));
  expect(none.stdout).toContain('http://127.0.0.1:8787/mcp');
  expect(none.stderr).toMatch(/^No gateway runs on \S+, so this is the default address\. .*--state or --url\.\n$/);
});
