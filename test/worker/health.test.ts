import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { doorWith, ORIGIN, OWNER_TOKEN } from './door.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** What the owner is told, by check. */
async function findings(settings: Record<string, string> = {}, origin = ORIGIN) {
  const answer = await doorWith(settings)(`${origin}/health?deep=1`, bearer(OWNER_TOKEN));
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  const { ok, findings: found } = JSON.parse(text);
  const states = found.map(({ check, state }: { check: string; state: string }) => [check, state]);
  return { ok, states: Object.fromEntries(states), text };
}

test('anyone may ask whether the gateway lives, and learns no more', async () => {
  expect(await (await doorWith()('/health')).json()).toEqual({ ok: true, version: expect.any(String) });
});

test('the deep look needs a token with the scope admin', async () => {
  const { secret } = await made();
  expect((await doorWith()('/health?deep=1')).status).toBe(401);
  expect((await doorWith()('/health?deep=1', bearer(`lcg_owner_${secret}`))).status).toBe(403);
});

async function made() {
  const draft = { name: 'ci', scopes: ['jobs:read' as const], days: undefined };
  const token = await env.ACCESS.getByName('owner').createToken(draft);
  if (!token.ok) throw new Error(token.failure.code);
  return token.value;
}

test('the owner is told what is set, reached and accepted, and no secret', async () => {
  const { ok, states, text } = await findings();
  expect({ ok, states }).toEqual({
    ok: true,
    states: {
      address: 'ok',
      'sign-in': 'note',
      'key of claude': 'ok',
      'key of grok': 'ok',
      KV: 'ok',
      R2: 'ok',
      // One of its providers, which is there for the tests, has no CLI.
      executor: 'note',
    },
  });
  expect(text).not.toMatch(/test-(gateway|anthropic|xai|executor)/);
});

const wrong: [what: string, settings: Record<string, string>, check: string, state: string, says: string][] = [
  ['a key that is missing', { XAI_API_KEY: '' }, 'key of grok', 'note', 'XAI_API_KEY'],
  ['a service that cannot be reached', { XAI_UPSTREAM_URL: 'http://127.0.0.1:9' }, 'key of grok', 'wrong', '127.0.0.1:9'],
  ['a sign-in that is only begun', { OIDC_ISSUER: 'https://idp.test' }, 'sign-in by oidc', 'wrong', 'OIDC_CLIENT_ID'],
  ['another address', { MCP_RESOURCE: 'https://other.test/mcp' }, 'address', 'wrong', 'https://other.test/mcp'],
  ['an executor that is away', { EXECUTOR_URL: 'http://127.0.0.1:9' }, 'executor', 'wrong', 'EXECUTOR_URL'],
];

test.each(wrong)('it names %s, and what to do', async (_what, settings, check, state, says) => {
  const { ok, states, text } = await findings(settings);
  expect({ ok, found: states[check] }).toEqual({ ok: state !== 'wrong', found: state });
  expect(text).toContain(says);
});
