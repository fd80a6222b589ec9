import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { claimPort } from '../../scripts/port.ts';
import { useGateway } from './client.ts';
import { outcomeOf } from './gateway-process.ts';

const { gateway } = useGateway();

/** What the doctor says, by check. */
async function ask(url: string, token: string) {
  const env = { PATH: process.env.PATH, GATEWAY_TOKEN: token };
  const argv = ['scripts/doctor.ts', '--url', url, '--state', '.state/of-nobody'];
  const { stdout, stderr, code } = await outcomeOf(spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  const found = stdout.split('\n').map((line) => /^(\w+) +(\S.*?) {2,}(.*)$/.exec(line) ?? []);
  const says = Object.fromEntries(found.map(([, state, check, text]) => [check ?? '', `${state}: ${text}`]));
  return { says, code, all: stdout + stderr };
}

test('the doctor looks at this machine and at a running gateway, and shows no secret', async () => {
  const { token } = gateway().settings;
  const { says, code, all } = await ask(gateway().url, token);
  expect(says).toMatchObject({
    node: expect.stringMatching(/^ok: /),
    claude: 'ok: 2.1.330',
    'key of claude': expect.stringMatching(/^ok: Accepted/),
    KV: expect.stringMatching(/^ok/),
    executor: expect.stringContaining('grok 1.0.41'),
  });
  expect(code, all).toBe(0);
  expect(all).not.toContain(token);
});

test('a wrong token is told, and the exit code is 1', async () => {
  const { says, code } = await ask(gateway().url, 'a-token-of-somebody-else');
  expect(says.gateway).toMatch(/^WRONG: .*HTTP 401.*GATEWAY_TOKEN/);
  expect(code).toBe(1);
});

test('where no gateway answers it says so, and what is set', async () => {
  const { says } = await ask(`http://127.0.0.1:${await claimPort(0)}`, 'a-made-up-gateway-token');
  expect(says.port).toMatch(/^note: No gateway answers/);
});
