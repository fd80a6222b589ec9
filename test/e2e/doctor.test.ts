import { expect, onTestFinished, test } from 'vitest';
import { startGateway } from '../../scripts/local/gateway.ts';
import { claimPort } from '../../scripts/local/port.ts';
import { askDoctor } from '../helpers/doctor.ts';
import { scratchDirectory } from '../helpers/gateway-process.ts';
import { startKeyService } from '../helpers/key-service.ts';
import { useSharedGateway } from '../helpers/shared-gateway.ts';

const shared = useSharedGateway();

/** Another gateway for the length of a test. */
async function gatewayWith(variables: Record<string, string>) {
  const options = { port: 0, state: scratchDirectory(), offline: true, variables, print: console.warn };
  const stop = new AbortController();
  const started = await startGateway(options, stop.signal);
  onTestFinished(() => {
    stop.abort();
    return started.ended;
  });
  return started;
}

test('the doctor checks this machine and a running gateway, and shows no secret', async () => {
  const { url, token } = shared;
  const { says, code, all } = await askDoctor(url, token);
  expect(says).toMatchObject({
    node: expect.stringMatching(/^ok: /),
    claude: 'ok: 2.1.330',
    'key of claude': expect.stringMatching(
      /^note: Not checked: the bundled endpoint on 127\.0\.0\.1:\d+ answers offline and accepts any key\.$/,
    ),
    KV: expect.stringMatching(/^ok/),
    executor: expect.stringContaining('grok 1.0.41'),
  });
  expect(code, all).toBe(0);
  expect(all).not.toContain(token);
});

test('a wrong token is reported, and the exit code is 1', async () => {
  const { says, code } = await askDoctor(shared.url, 'a-token-of-somebody-else');
  expect(says.gateway).toMatch(/^WRONG: .*HTTP 401.*GATEWAY_TOKEN/);
  expect(code).toBe(1);
});

test('without a gateway it reports that, and the settings', async () => {
  const { says } = await askDoctor(`http://127.0.0.1:${await claimPort(0)}`, 'a-made-up-gateway-token');
  expect(says.port).toMatch(/^note: No gateway answers on http:\/\/127\.0\.0\.1:\d+; the port is free for npm start\.$/);
  expect(says['key of claude']).toBe(
    'note: Not set. Without any key npm start runs offline, and its bundled endpoint answers. Set ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.',
  );
  expect(Object.keys(says)).toEqual(expect.arrayContaining(['node', 'docker', 'claude', 'grok', 'key of claude', 'key of grok']));
});

test('a port of another program is distinguished from a gateway, and so is an address that does not exist', async () => {
  const { url, close } = await startKeyService();
  onTestFinished(close);
  const taken = await askDoctor(url, 'a-made-up-gateway-token', { WRANGLER_DOCKER_BIN: '/bin/false' });
  expect(taken.says.port).toMatch(
    /^WRONG: Port \d+ is in use, but not by a gateway\. Start the gateway with another --port, or give its --url\.$/,
  );
  expect(taken.says.docker).toMatch(/^note: No engine answers\. Only npm start -- --containers and npm run deploy need one\.$/);
  expect(taken.code).toBe(1);
  const nowhere = await askDoctor('https://gateway.invalid', 'a-made-up-gateway-token');
  expect(nowhere.says.port).toBe(
    'WRONG: No gateway answers on https://gateway.invalid. Check the address, or deploy one: npm run deploy.',
  );
});

test('it reports each problem of a gateway with what to do about it, and shows no key', async () => {
  const service = await startKeyService();
  onTestFinished(service.close);
  const { url, settings } = await gatewayWith({
    ANTHROPIC_API_KEY: 'answers-401',
    ANTHROPIC_UPSTREAM_URL: service.url,
    XAI_API_KEY: 'answers-503',
    XAI_UPSTREAM_URL: service.url,
    MCP_RESOURCE: 'https://other.test/mcp',
    OIDC_ISSUER: 'https://idp.test',
  });
  const { says, code, all } = await askDoctor(url, settings.token);
  expect(says).toMatchObject({
    address: expect.stringMatching(/^WRONG: Clients have to use https:\/\/other\.test\/mcp.* Set MCP_RESOURCE/),
    'sign-in by oidc':
      'WRONG: Also set OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ALLOWED, or remove the other settings of this method.',
    'key of claude': expect.stringMatching(/^WRONG: .*HTTP 401\. Replace ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN\.$/),
    'key of grok': expect.stringMatching(/^note: Not checked: .*HTTP 503/),
    R2: expect.stringMatching(/^ok/),
  });
  expect(code).toBe(1);
  for (const secret of [settings.token, 'answers-401', 'answers-503']) expect(all).not.toContain(secret);
});
