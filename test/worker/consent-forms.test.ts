import { env } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../helpers/mcp-client.ts';
import { gatewayWith, ORIGIN, ownerBrowser, RESOURCE, withPassphrase } from './helpers/gateway.ts';
import { prompt } from './helpers/held.ts';

const REDIRECT = 'https://app.test/callback';
const VERIFIER = 'v'.repeat(64);

/** Connects an app by OAuth, with what its person selects on the consent page, and returns its access token. */
async function authorize(send: ReturnType<typeof gatewayWith>, scope: string, choices: Record<string, string>): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ client_name: 'App', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' });
  const registered = await send(`${ORIGIN}/oauth/register`, { method: 'POST', headers, body });
  const { client_id } = z.object({ client_id: z.string() }).parse(await registered.json());
  const code_challenge = createHash('sha256').update(VERIFIER).digest('base64url');
  const asked = { client_id, redirect_uri: REDIRECT, response_type: 'code', resource: RESOURCE, scope, code_challenge };
  const owner = await ownerBrowser(send);
  const page = await owner.go(`${ORIGIN}/authorize?${new URLSearchParams({ ...asked, code_challenge_method: 'S256' })}`);
  const { url } = await owner.submit(page, '/authorize', { decision: 'allow', scope: scope.split(' '), ...choices });
  const code = new URL(url).searchParams.get('code') ?? '';
  const redeemed = { grant_type: 'authorization_code', code, client_id, redirect_uri: REDIRECT, code_verifier: VERIFIER };
  const answer = await send(`${ORIGIN}/oauth/token`, { method: 'POST', body: new URLSearchParams(redeemed) });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}

const POLICY = JSON.stringify({ version: '1', default: 'allow', tools: { claude_request: { action: 'require_approval' } } });

test.each([
  ['allowed', { showsApprovals: 'on' }, 'jobs:read jobs:run approvals:write', ['May App 1 call claude_request?']],
  ['did not allow', {}, 'jobs:read jobs:run approvals:write', []],
  ['allowed without the permission to approve', { showsApprovals: 'on' }, 'jobs:read jobs:run', []],
])('an app shows approvals of its own calls if its person %s it at consent', async (_what, choices, scope, shown) => {
  const send = gatewayWith(await withPassphrase());
  const token = await authorize(send, scope, choices);
  const [account = '', grant = ''] = token.split(':');
  await env.ACCOUNTS.getByName(account).setPolicy(grant, 'enforce', POLICY, 'a test');
  const asked: string[] = [];
  const onForm = (message: string) => {
    asked.push(message.split('\n')[0] ?? '');
    return { approve: true };
  };
  const setup = { name: 'App', onForm, fetch: (url: string | URL, init?: RequestInit) => send(String(url), init ?? {}) };
  const { call, close } = await connect(RESOURCE, token, setup);
  onTestFinished(close);
  const { job } = await call('claude_request', { prompt: prompt(), forceRefresh: true });
  expect(asked).toEqual(shown);
  expect(job?.state).toBe(shown.length > 0 ? 'completed' : 'held');
});
