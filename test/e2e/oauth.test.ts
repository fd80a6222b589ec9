import * as current from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { browser } from '../helpers/browser.ts';
import { PASSPHRASE, useSharedGateway } from '../helpers/shared-gateway.ts';

const REDIRECT = 'http://127.0.0.1:33418/callback';

const { url, token } = useSharedGateway();

/** What a client keeps between its steps; the person allows whatever it asks for. */
function memory() {
  const owner = browser(fetch);
  let registration: { client_id: string } | undefined;
  let tokens: { access_token: string; token_type: string; refresh_token?: string | undefined } | undefined;
  let verifier = '';
  let callback = new URLSearchParams();
  let asked = '';
  const provider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'SDK', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
    clientInformation: () => registration,
    saveClientInformation: (made: { client_id: string }) => {
      registration = made;
    },
    tokens: () => tokens,
    saveTokens: (given: NonNullable<typeof tokens>) => {
      tokens = given;
    },
    saveCodeVerifier: (made: string) => {
      verifier = made;
    },
    codeVerifier: () => verifier,
    redirectToAuthorization: async (url: URL) => {
      asked = url.searchParams.get('scope') ?? '';
      let page = await owner.go(url.href);
      if (page.url.includes('/sign-in')) page = await owner.submit(page, '/sign-in', { passphrase: PASSPHRASE });
      const scope = asked.split(' ').filter(Boolean);
      callback = new URL((await owner.submit(page, '/authorize', { decision: 'allow', ...(scope.length && { scope }) })).url)
        .searchParams;
    },
  };
  return {
    provider,
    asked: () => asked,
    callback: () => callback,
    tokens: () => tokens,
    /** As if the access token had come to its end. */
    expire: () => {
      if (tokens) tokens = { ...tokens, access_token: 'owner:gone:gone' };
    },
  };
}

interface Session {
  /** Calls a tool; true where that is an error. */
  call: () => Promise<unknown>;
  close: () => Promise<void>;
}

/** Opens a connection, or fails as the client does when its person has to be asked. */
type Open = (kept: ReturnType<typeof memory>) => Promise<{ session: Promise<Session>; finish: () => Promise<void> }>;

const openCurrent: Open = async ({ provider, callback }) => {
  const transport = new current.StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  const client = new current.Client({ name: 'sdk', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const session = client.connect(transport).then(() => ({
    call: async () => (await client.callTool({ name: 'list_models', arguments: {} })).isError ?? false,
    close: () => client.close(),
  }));
  return { session, finish: () => transport.finishAuth(callback()) };
};

const openLegacy: Open = async ({ provider, callback }) => {
  const transport = new LegacyTransport(new URL(url), { authProvider: provider });
  const client = new LegacyClient({ name: 'sdk', version: '1' });
  const session = client.connect(transport).then(() => ({
    call: async () => (await client.callTool({ name: 'list_models', arguments: {} })).isError ?? false,
    close: () => client.close(),
  }));
  return { session, finish: () => transport.finishAuth(callback().get('code') ?? '') };
};

test.each([
  ['2.4', openCurrent],
  ['1.32', openLegacy],
] as const)('the SDK client %s registers, asks its person, calls, and refreshes by itself', async (_line, open) => {
  const kept = memory();
  const first = await open(kept);
  await expect(first.session).rejects.toThrow(/Unauthorized/i);
  expect(kept.asked()).toContain('jobs:read jobs:run');
  await first.finish();
  const session = await (await open(kept)).session;
  expect(await session.call()).toBe(false);
  const refreshToken = kept.tokens()?.refresh_token;
  kept.expire();
  expect(await session.call()).toBe(false);
  expect(kept.tokens()?.refresh_token).not.toBe(refreshToken);
  await session.close();
});

test('a body that waits for 100 Continue arrives', async () => {
  const { default: http } = await import('node:http');
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const status = await new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': body.length,
      expect: '100-continue',
    };
    const request = http.request(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('continue', () => request.end(body));
    request.on('error', reject);
    request.flushHeaders();
  });
  expect(status).toBe(200);
});

test('metadata names the address that the client used', async () => {
  const { origin } = new URL(url);
  const Resource = z.object({ resource: z.string(), authorization_servers: z.array(z.string()) });
  const answer = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(Resource.parse(await answer.json())).toEqual({ resource: url, authorization_servers: [origin] });
});
