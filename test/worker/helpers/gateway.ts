import { createExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { app } from '../../../src/app.ts';
import { hashPassphrase } from '../../../src/auth/sign-in/passphrase.ts';
import { browser } from '../../helpers/browser.ts';

export const ORIGIN = 'https://gateway.test';
export const RESOURCE = `${ORIGIN}/mcp`;
export const OWNER_TOKEN = 'test-gateway-token';
export const PASSPHRASE = 'correct horse battery staple';

const NO_SIGN_IN = {
  OWNER_PASSPHRASE_HASH: '',
  OIDC_ISSUER: '',
  OIDC_CLIENT_ID: '',
  OIDC_CLIENT_SECRET: '',
  OIDC_ALLOWED: '',
  GITHUB_CLIENT_ID: '',
  GITHUB_CLIENT_SECRET: '',
  GITHUB_ALLOWED: '',
  MCP_RESOURCE: '',
} as const;

/** Sends a request into the Worker as a server on loopback gets it. */
export function fetchWorker(url: string | URL | Request, init?: RequestInit) {
  const request = new Request(url, init);
  request.headers.set('host', '127.0.0.1');
  return exports.default.fetch(request);
}

/** Sends requests into the Worker's routes under settings of their own. */
export function gatewayWith(settings: Record<string, string> = {}, objects: Partial<Env> = {}) {
  const bindings = { ...env, ...NO_SIGN_IN, ...settings, ...objects };
  return async (url: string | URL, init: RequestInit = {}) => {
    const request = new Request(new URL(url, ORIGIN), init);
    request.headers.set('host', new URL(request.url).host);
    return app.fetch(request, bindings, createExecutionContext());
  };
}

/** A cost that is a fraction of the default, because many tests sign in. */
const CHEAP = { N: 1_024, r: 8, p: 1 };

/** Settings with which the owner can sign in. */
export const withPassphrase = async () => ({ OWNER_PASSPHRASE_HASH: await hashPassphrase(PASSPHRASE, CHEAP) });

/** A browser in which the owner signed in. */
export async function ownerBrowser(send: ReturnType<typeof gatewayWith>) {
  const owner = browser(send);
  const page = await owner.submit(await owner.go(`${ORIGIN}/sign-in`), '/sign-in', { passphrase: PASSPHRASE });
  if (page.status !== 200) throw new Error(page.html);
  return owner;
}

const rpc = (method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

/** One request of an MCP client of the line without sessions. */
export const mcpCall = (token: string, method: string, params: object = {}): RequestInit => ({
  method: 'POST',
  headers: {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  },
  body: rpc(method, params),
});

/** The tools that a token's connection sees. */
export const listTools = (send: ReturnType<typeof gatewayWith>, token: string) => send(RESOURCE, mcpCall(token, 'tools/list'));
