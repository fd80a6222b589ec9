import { type Context, Hono } from 'hono';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { OWNER } from '../../caller.ts';
import { problemPage } from '../../html/problem.ts';
import type { Door } from '../context.ts';
import { show } from '../render-page.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { directoryOf } from './directory.ts';
import { github } from './github.ts';
import { hasName, type Identity, type Provider, UPSTREAM_MS } from './identity.ts';
import { readyMethods } from './methods.ts';
import { nextPath } from './next.ts';
import { oidc } from './oidc.ts';
import { type Person, signIn } from './session.ts';

const PROVIDERS = { oidc, github } as const satisfies Record<string, Provider>;
type ProviderId = keyof typeof PROVIDERS;

const COOKIE = 'sign-in';
const COOKIE_S = 600;

/** What the browser keeps while its person is at the other site: it ties the answer to the browser that asked. */
const Started = z.object({
  provider: z.enum(['oidc', 'github']),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  next: z.string(),
});
type Started = z.infer<typeof Started>;

const pack = (started: Started) => Buffer.from(JSON.stringify(started)).toString('base64url');

function unpack(request: Request): Started | null {
  try {
    return Started.parse(JSON.parse(Buffer.from(cookieOf(request, COOKIE) ?? '', 'base64url').toString()));
  } catch {
    return null;
  }
}

const callbackUrl = (c: Context<Door>) => `${new URL(c.req.url).origin}/sign-in/callback`;

async function start(c: Context<Door>, provider: ProviderId) {
  const next = nextPath(c.req.query('next'), new URL(c.req.url).origin);
  const [state, nonce, verifier] = [oauth.generateRandomState(), oauth.generateRandomNonce(), oauth.generateRandomCodeVerifier()];
  const { server, client, scope } = await PROVIDERS[provider].party(c.var.config);
  const url = new URL(server.authorization_endpoint ?? '');
  const parameters = {
    client_id: client.client_id,
    redirect_uri: callbackUrl(c),
    response_type: 'code',
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(provider === 'oidc' && { nonce }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  c.header('set-cookie', setCookie(COOKIE, pack({ provider, state, nonce, verifier, next }), COOKIE_S));
  return c.redirect(url.href);
}

/** Redeems the code of an answer that belongs to what this browser started. */
async function identify(c: Context<Door>, { provider, state, nonce, verifier }: Started): Promise<Identity> {
  const { config } = c.var;
  const party = await PROVIDERS[provider].party(config);
  const { server, client, auth } = party;
  const parameters = oauth.validateAuthResponse(server, client, new URL(c.req.url), state);
  const answer = await oauth.authorizationCodeGrantRequest(server, client, auth, parameters, callbackUrl(c), verifier, {
    [oauth.allowInsecureRequests]: party.isHttpAllowed,
    signal: AbortSignal.timeout(UPSTREAM_MS),
  });
  const expected = provider === 'oidc' ? { expectedNonce: nonce, requireIdToken: true } : {};
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, expected);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  return PROVIDERS[provider].identify(config, party, { accessToken: tokens.access_token, claims });
}

async function personOf(c: Context<Door>, provider: ProviderId, { subject, label, names }: Identity): Promise<Person> {
  const isOwner = hasName(c.var.config.ownerSignIns, names);
  return { account: isOwner ? OWNER : await directoryOf(c.env).account(provider, subject), label };
}

function failed(c: Context<Door>, error: unknown) {
  const [code, message] = error instanceof Error ? ['code' in error ? error.code : error.name, error.message] : [error];
  console.warn(JSON.stringify({ signIn: code, message }));
  const text = 'The other site did not confirm who you are, or could not be reached. Start again.';
  const setCookies = [setCookie(COOKIE, '', 0)];
  return show(c, 'Sign-in failed', problemPage(text), { status: 400, setCookies });
}

async function finish(c: Context<Door>) {
  const started = unpack(c.req.raw);
  if (!started) throw new Error('no sign-in was started in this browser');
  const identity = await identify(c, started);
  const setCookies = [setCookie(COOKIE, '', 0)];
  const isAllowed = identity.isAllowed || hasName(c.var.config.ownerSignIns, identity.names);
  if (!isAllowed) {
    const text = `${identity.label} is not on this gateway's list. Its operator can add you.`;
    return show(c, 'Not allowed', problemPage(text), { status: 403, setCookies });
  }
  setCookies.push(await signIn(c.env, await personOf(c, started.provider, identity)));
  for (const cookie of setCookies) c.header('set-cookie', cookie, { append: true });
  return c.redirect(nextPath(started.next, new URL(c.req.url).origin), 303);
}

/** Sign-in at another site: there and back. */
export const upstream = new Hono<Door>()
  .get('/sign-in/callback', (c) => finish(c).catch((error: unknown) => failed(c, error)))
  .get('/sign-in/:provider{oidc|github}', async (c) => {
    const provider = Started.shape.provider.parse(c.req.param('provider'));
    const isReady = readyMethods(c.var.config).some(({ id }) => id === provider);
    return isReady ? start(c, provider).catch((error: unknown) => failed(c, error)) : c.redirect('/sign-in');
  });
