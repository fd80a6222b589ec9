import { env } from 'cloudflare:workers';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { PROTOCOL_VERSION } from '../../container/protocol.ts';
import { gatewayWith, ORIGIN, OWNER_TOKEN } from './helpers/gateway.ts';

const Finding = z.object({ check: z.string(), state: z.string(), says: z.string() });
const Deep = z.object({ ok: z.boolean(), findings: z.array(Finding) });

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

interface Given {
  settings?: Record<string, string>;
  objects?: Partial<Env>;
  origin?: string;
}

/** What the owner sees, by check. */
async function findings({ settings, objects, origin = ORIGIN }: Given = {}) {
  const answer = await gatewayWith(settings, objects)(`${origin}/health?deep=1`, bearer(OWNER_TOKEN));
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  const { ok, findings: all } = Deep.parse(JSON.parse(text));
  return { ok, found: Object.fromEntries(all.map((finding) => [finding.check, finding])), text };
}

test('anyone may ask whether the gateway is up, and sees no more', async () => {
  expect(await (await gatewayWith()('/health')).json()).toEqual({ ok: true, version: expect.any(String) });
});

test('the deep check needs a token with the scope admin', async () => {
  const { secret } = await made();
  expect((await gatewayWith()('/health?deep=1')).status).toBe(401);
  expect((await gatewayWith()('/health?deep=1', bearer(`lcg_owner_${secret}`))).status).toBe(403);
});

async function made() {
  const draft = { name: 'ci', scopes: ['jobs:read' as const], days: undefined };
  const token = await env.ACCESS.getByName('owner').createToken(draft, 'a test');
  if (!token.ok) throw new Error(token.failure.code);
  return token.value;
}

test('the owner sees what is configured, reachable and accepted, and no secret', async () => {
  const { ok, found, text } = await findings();
  const states = Object.fromEntries(Object.values(found).map(({ check, state }) => [check, state]));
  expect({ ok, states }).toEqual({
    ok: true,
    states: {
      address: 'ok',
      'sign-in': 'note',
      // The bundled endpoint answers, and it accepts any key.
      'key of claude': 'note',
      'key of grok': 'note',
      KV: 'ok',
      R2: 'ok',
      // One of its providers, which is there for the tests, has no CLI.
      'own keys of accounts': 'ok',
      executor: 'note',
      // A matter of the machine.
      'confinement of runs': expect.stringMatching(/^(ok|note)$/),
    },
  });
  expect(text).not.toMatch(/test-(gateway|anthropic|xai|executor)/);
});

interface Case extends Given {
  check: string;
  state: 'ok' | 'note' | 'wrong';
  says: string;
}

const KEYS = inject('keyServiceUrl');
const claudeKey = (key: string) => ({ ANTHROPIC_API_KEY: key, ANTHROPIC_UPSTREAM_URL: KEYS });

/** A binding of the Worker with another behavior. */
const faked = <T extends object>(binding: T, change: object): T => Object.assign(Object.create(binding), change);

/** A container whose executor gives this answer. */
const answering = (status: number, body: object) => ({
  settings: { EXECUTOR_URL: '' },
  objects: { RUNNERS: faked(env.RUNNERS, { getByName: () => ({ fetch: async () => Response.json(body, { status }) }) }) },
});
const HEALTH = { version: '1', running: 0, maxRunning: 1, freeDiskBytes: 1, memoryBytes: 1, containment: 'none' };
const speaking = (protocol: number, grok: string | null = '1.0') =>
  answering(200, { ...HEALTH, protocol, clis: { claude: '2.0', grok } });
const confining = (containment: string) => answering(200, { ...HEALTH, protocol: PROTOCOL_VERSION, clis: {}, containment });
const away = { get: () => Promise.reject(new Error('away')), head: () => Promise.reject(new Error('away')) };

const OIDC = { OIDC_ISSUER: 'https://idp.test', OIDC_CLIENT_ID: 'c', OIDC_CLIENT_SECRET: 's', OIDC_ALLOWED: '@example.com' };

const CASES: Record<string, Case> = {
  'an executor that confines its runs': { ...confining('bwrap'), check: 'confinement of runs', state: 'ok', says: 'By bwrap.' },
  'an executor that does not confine its runs': {
    ...confining('none'),
    check: 'confinement of runs',
    state: 'note',
    says: 'Runs are not confined: they reach whatever the executor does.',
  },
  'an executor of an earlier version': {
    ...confining('scan'),
    check: 'confinement of runs',
    state: 'note',
    says: 'Runs are not confined',
  },
  'a key that is missing': {
    settings: { ANTHROPIC_API_KEY: '' },
    check: 'key of claude',
    state: 'note',
    says: 'Not set, so its requests are refused. Set ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.',
  },
  'a key that is accepted': {
    settings: claudeKey('answers-200'),
    check: 'key of claude',
    state: 'ok',
    says: 'Accepted by 127.0.0.1',
  },
  'a subscription token that is accepted': {
    settings: { ...claudeKey(''), CLAUDE_CODE_OAUTH_TOKEN: 'answers-200' },
    check: 'key of claude',
    state: 'ok',
    says: 'Accepted by 127.0.0.1',
  },
  'a key that is refused': {
    settings: claudeKey('answers-401'),
    check: 'key of claude',
    state: 'wrong',
    says: 'refused the key: HTTP 401. Replace ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.',
  },
  'a key that xAI refuses': {
    settings: { XAI_API_KEY: 'answers-400', XAI_UPSTREAM_URL: KEYS },
    check: 'key of grok',
    state: 'wrong',
    says: 'refused the key: HTTP 400. Replace XAI_API_KEY.',
  },
  'a key that could not be checked': {
    settings: claudeKey('answers-503'),
    check: 'key of claude',
    state: 'note',
    says: 'returned HTTP 503. Try again later',
  },
  'a service that cannot be reached': {
    settings: { XAI_UPSTREAM_URL: 'http://127.0.0.1:9' },
    check: 'key of grok',
    state: 'wrong',
    says: '127.0.0.1:9 is not reachable. Check the network and the upstream URL.',
  },
  'a sign-in method that is configured': { settings: OIDC, check: 'sign-in by oidc', state: 'ok', says: 'Configured.' },
  'a sign-in method that is configured in part': {
    settings: { ...OIDC, OIDC_CLIENT_SECRET: '', OIDC_ALLOWED: '' },
    check: 'sign-in by oidc',
    state: 'wrong',
    says: 'Also set OIDC_CLIENT_SECRET, OIDC_ALLOWED, or remove the other settings of this method.',
  },
  'a sign-in with GitHub that allows nobody': {
    settings: { GITHUB_CLIENT_ID: 'c', GITHUB_CLIENT_SECRET: 's' },
    check: 'sign-in by github',
    state: 'wrong',
    says: 'Also set GITHUB_ALLOWED',
  },
  'no sign-in for people': {
    check: 'sign-in',
    state: 'note',
    says: 'Web clients need a sign-in method: run npm run passphrase.',
  },
  'an address other than the one that clients use': {
    settings: { MCP_RESOURCE: 'https://other.test/mcp' },
    check: 'address',
    state: 'wrong',
    says: `Clients have to use https://other.test/mcp, but this request came to ${ORIGIN}. Set MCP_RESOURCE to the address in use.`,
  },
  'an address without https': {
    origin: 'http://gateway.test',
    check: 'address',
    state: 'wrong',
    says: 'http://gateway.test is neither https nor loopback. Use https, or set MCP_RESOURCE.',
  },
  'KV that is not reachable': {
    objects: { OAUTH_KV: faked(env.OAUTH_KV, away) },
    check: 'KV',
    state: 'wrong',
    says: 'Compare its binding in wrangler.toml with the account.',
  },
  'R2 that is not reachable': {
    objects: { STATE: faked(env.STATE, away) },
    check: 'R2',
    state: 'wrong',
    says: 'Compare its binding in wrangler.toml with the account.',
  },
  'an executor that is not reachable': {
    settings: { EXECUTOR_URL: 'http://127.0.0.1:9' },
    check: 'executor',
    state: 'wrong',
    says: 'The executor cannot be reached. The operator has to check that the executor runs, and EXECUTOR_URL',
  },
  'an executor with another token': {
    settings: { EXECUTOR_TOKEN: 'a-token-that-is-wrong' },
    check: 'executor',
    state: 'wrong',
    says: 'The executor does not accept the token of the gateway. The operator has to set EXECUTOR_TOKEN',
  },
  'an address of another server': {
    settings: { EXECUTOR_URL: KEYS, EXECUTOR_TOKEN: 'answers-404-to-tests' },
    check: 'executor',
    state: 'wrong',
    says: 'answered by something else. It returned HTTP 404. The operator has to check EXECUTOR_URL',
  },
  'a container that is asleep': {
    ...answering(503, { code: 'shutting_down', message: 'It is asleep.' }),
    check: 'executor',
    state: 'ok',
    says: 'The container is asleep. The next request starts it.',
  },
  'an executor one protocol version up': {
    ...speaking(PROTOCOL_VERSION + 1),
    check: 'executor',
    state: 'ok',
    says: 'Version 1: claude 2.0',
  },
  'an executor one protocol version down': {
    ...speaking(PROTOCOL_VERSION - 1),
    check: 'executor',
    state: 'ok',
    says: 'Version 1: claude 2.0',
  },
  'an executor two protocol versions up': {
    ...speaking(PROTOCOL_VERSION + 2),
    check: 'executor',
    state: 'wrong',
    says: `The executor uses protocol ${PROTOCOL_VERSION + 2}, the gateway uses ${PROTOCOL_VERSION}`,
  },
  'an executor that lacks a CLI': {
    ...speaking(PROTOCOL_VERSION, null),
    check: 'executor',
    state: 'note',
    says: 'No CLI of grok. Rebuild the image.',
  },
};

test.each(Object.entries(CASES))('it reports %s, and what to do', async (_what, { check, state, says, ...given }) => {
  const { ok, found, text } = await findings(given);
  expect(found[check]).toEqual({ check, state, says: expect.stringContaining(says) });
  expect(ok).toBe(state !== 'wrong');
  expect(text).not.toMatch(/answers-\d/);
});
