import * as oauth from 'oauth4webapi';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { gatewayWith, ORIGIN, ownerBrowser, RESOURCE, withPassphrase } from './helpers/gateway.ts';

const REDIRECT = 'https://claude.ai/api/mcp/auth_callback';
const Registered = z.object({ client_id: z.string(), client_secret: z.string() });
const Issued = z.object({ refresh_token: z.string() });

/** A client with a secret and a refresh token. `refresh` posts the form of a refresh, changed. */
async function connected() {
  const send = gatewayWith(await withPassphrase());
  const owner = await ownerBrowser(send);
  const wanted = { client_name: 'Strict', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'client_secret_post' };
  const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wanted) };
  const client = Registered.parse(await (await send('/oauth/register', json)).json());
  const verifier = oauth.generateRandomCodeVerifier();
  const asked = {
    ...{ client_id: client.client_id, redirect_uri: REDIRECT, response_type: 'code', resource: RESOURCE, scope: 'jobs:read' },
    ...{ state: 'x', code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
  };
  const page = await owner.go(`${ORIGIN}/authorize?${new URLSearchParams(asked)}`);
  const { url } = await owner.submit(page, '/authorize', { decision: 'allow' });
  const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    send('/oauth/token', { method: 'POST', headers, body: new URLSearchParams({ ...client, ...form }) });
  const code = new URL(url).searchParams.get('code') ?? '';
  const redeemed = await post({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier });
  const { refresh_token } = Issued.parse(await redeemed.json());
  return (form: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    post({ grant_type: 'refresh_token', refresh_token, ...form }, headers);
}

test('a refresh with a wrong client secret is refused, also within the minute in which the right one is repeated', async () => {
  const refresh = await connected();
  const wrong = { client_secret: 'wrong' };
  expect((await refresh(wrong)).status).toBe(401);
  expect((await refresh()).status).toBe(200);
  const refused = await refresh(wrong);
  expect({ status: refused.status, body: await refused.json() }).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  });
  const basic = btoa('other:wrong');
  expect((await refresh({ client_secret: '' }, { authorization: `Basic ${basic}` })).ok).toBe(false);
  expect((await refresh()).status).toBe(200);
});

const corsOf = ({ headers }: Response) => [...headers].filter(([name]) => name.startsWith('access-control-'));

test.each([
  ['a browser', { origin: 'https://claude.ai' }],
  ['a program without an origin', {}],
])('a repeated refresh after one from %s has the headers that its browser needs', async (_who, first) => {
  const refresh = await connected();
  expect((await refresh({}, first)).status).toBe(200);
  const plain = await (await connected())({}, { origin: 'https://app.test' });
  const repeated = await refresh({}, { origin: 'https://app.test' });
  expect(repeated.status).toBe(200);
  expect(repeated.headers.get('access-control-allow-origin')).toBe('https://app.test');
  expect(corsOf(repeated)).toEqual(corsOf(plain));
});
