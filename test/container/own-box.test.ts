import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { ROOT } from '../../scripts/local/environment.ts';
import { claimPort, LOOPBACK } from '../../scripts/local/port.ts';
import { IMAGE } from './helpers/engine.ts';
import { useSite } from './helpers/site.ts';

const TOKEN = randomBytes(24).toString('hex');

const port = String(await claimPort(0));
// The host's network, because the gateway of this test listens on loopback only.
const variables = { EXECUTOR_TOKEN: TOKEN, EXECUTOR_HOST: LOOPBACK, EXECUTOR_PORT: port };
const set = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
const box = docker('run', '--detach', '--network', 'host', ...set, IMAGE) ?? '';

afterAll(() => {
  docker('rm', '--force', box);
});

const { ask, call } = useSite(() => ({ EXECUTOR_URL: `http://${LOOPBACK}:${port}`, EXECUTOR_TOKEN: TOKEN }), false);

test.each(['claude', 'grok'])('%s runs in a container of the operator that EXECUTOR_URL names', async (provider) => {
  expect(await ask(provider, { prompt: 'hi' })).toMatchObject({ ok: true, answer: { text: 'Hello from the mock model.' } });
});

test('a container of the operator reports its version and its CLIs, and refuses requests without the token', async () => {
  const { health } = await call('llm_process_health', {});
  expect(health?.executor).toMatchObject({ reachable: true, clis: { claude: '2.1.330', grok: '1.0.41' } });
  expect((await fetch(`http://${LOOPBACK}:${port}/health`)).status).toBe(401);
});

const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'];

test.each([
  { title: 'with the capabilities that the documents list', capabilities: CAPABILITIES, containment: 'uid' },
  { title: 'without capabilities', capabilities: [], containment: 'none' },
])('a container $title reports whether it confines runs', async ({ capabilities, containment }) => {
  const free = String(await claimPort(0));
  const added = capabilities.flatMap((name) => ['--cap-add', name]);
  const bounds = ['--cap-drop', 'ALL', ...added, '--security-opt', 'no-new-privileges', '--pids-limit', '2048'];
  const env = [...set, '--env', `EXECUTOR_PORT=${free}`];
  const id = docker('run', '--detach', '--network', 'host', ...bounds, ...env, IMAGE) ?? '';
  onTestFinished(() => void docker('rm', '--force', id));
  const headers = { authorization: `Bearer ${TOKEN}` };
  const health = () => fetch(`http://${LOOPBACK}:${free}/health`, { headers }).then((answer) => answer.json());
  await expect.poll(() => health().catch(() => null), { timeout: 20_000 }).toMatchObject({ containment });
});

test('the documents list those capabilities', () => {
  const text = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
  expect([...text.matchAll(/--cap-add (\w+)/g)].map(([, name]) => name)).toEqual(CAPABILITIES);
});

test('SIGTERM ends a container of the operator cleanly and in time', () => {
  const began = Date.now();
  docker('stop', box);
  expect(Date.now() - began).toBeLessThan(9_000);
  expect(docker('inspect', '--format', '{{.State.ExitCode}}', box)).toBe('0');
});
