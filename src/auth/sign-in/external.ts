import { type Context, Hono } from 'hono';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { parsedJson } from '../../../container/providers/json.ts';
import { OWNER } from '../../caller.ts';
import { problemPage } from '../../html/problem.ts';
import { accountOf, directoryOf } from '../../objects.ts';
import type { AppEnv, Person } from '../app-env.ts';
import { renderPage } from '../render-page.ts';
import { openBrowserSession } from './browser-session.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { github } from './github.ts';
import { fetchOptions, hasName, type Identity, type IdentityProvider } from './identity-provider.ts';
import { readyMethods } from './methods.ts';
import { oidc } from './oidc.ts';
import { returnPath } from './return-path.ts';

const IDENTITY_PROVIDERS = { oidc, github } as const satisfies Record<string, IdentityProvider>;
type IdentityProviderId = keyof typeof IDENTITY_PROVIDERS;

const PENDING_COOKIE = 'sign-in';
const PENDING_COOKIE_S = 600;

/** A sign-in at another site, kept in a cookie so that only the browser that started it can finish it. */
const PendingSignIn = z.object({
  provider: z.enum(['oidc', 'github']),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  next: z.string(),
});
type PendingSignIn = z.infer<typeof PendingSignIn>;

const packPending = (pending: PendingSignIn) => Buffer.from(JSON.stringify(pending)).toString('base64url');

const readPending = (request: Request): PendingSignIn | undefined =>
  PendingSignIn.safeParse(parsedJson(Buffer.from(cookieOf(request, PENDING_COOKIE) ?? '', 'base64url').toString())).data;

const callbackUrl = (c: Context<AppEnv>) => `${new URL(c.req.url).origin}/sign-in/callback`;

async function startSignIn(c: Context<AppEnv>, provider: IdentityProviderId) {
  const next = returnPath(c.req.query('next'), new URL(c.req.url).origin);
  const [state, nonce, verifier] = [oauth.generateRandomState(), oauth.generateRandomNonce(), oauth.generateRandomCodeVerifier()];
  const { server, client, scope } = await IDENTITY_PROVIDERS[provider].setup(c.var.config);
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
  c.header('set-cookie', setCookie(PENDING_COOKIE, packPending({ provider, state, nonce, verifier, next }), PENDING_COOKIE_S));
  return c.redirect(url.href);
}

/** Exchanges the code of a callback for the person's identity. */
async function redeem(c: Context<AppEnv>, { provider, state, nonce, verifier }: PendingSignIn): Promise<Identity> {
  const { config } = c.var;
  const setup = await IDENTITY_PROVIDERS[provider].setup(config);
  const { server, client, auth } = setup;
  const parameters = oauth.validateAuthResponse(server, client, new URL(c.req.url), state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    auth,
    parameters,
    callbackUrl(c),
    verifier,
    fetchOptions(setup),
  );
  const expected = provider === 'oidc' ? { expectedNonce: nonce, requireIdToken: true } : {};
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, expected);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  return IDENTITY_PROVIDERS[provider].identify(config, setup, { accessToken: tokens.access_token, claims });
}

async function personFrom(
  c: Context<AppEnv>,
  provider: IdentityProviderId,
  { subject, label, names }: Identity,
): Promise<Person> {
  const isOwner = hasName(c.var.config.ownerSignIns, names);
  return { account: isOwner ? OWNER : await directoryOf(c.env).account(provider, subject), label };
}

/** Why a person may not sign in, or undefined. */
async function refusalOf(c: Context<AppEnv>, provider: IdentityProviderId, identity: Identity): Promise<string | undefined> {
  const { subject, label, names, isAllowed, reusableName } = identity;
  if (!isAllowed && !hasName(c.var.config.ownerSignIns, names))
    return `${label} may not use this gateway. Its operator can add you.`;
  if (reusableName === undefined || (await directoryOf(c.env).isSamePerson(provider, reusableName, subject))) return undefined;
  return `Another account used the name ${label} here before. The operator can allow this one by id:${subject}.`;
}

function reportFailedSignIn(c: Context<AppEnv>, error: unknown) {
  const [code, message] = error instanceof Error ? ['code' in error ? error.code : error.name, error.message] : [error];
  console.warn(JSON.stringify({ signIn: code, message }));
  const text = 'The sign-in site did not confirm your identity, or could not be reached. Try again.';
  const setCookies = [setCookie(PENDING_COOKIE, '', 0)];
  return renderPage(c, 'Sign-in failed', problemPage(text), { status: 400, setCookies });
}

async function finishSignIn(c: Context<AppEnv>) {
  const pending = readPending(c.req.raw);
  if (!pending) throw new Error('no sign-in was started in this browser');
  const identity = await redeem(c, pending);
  const setCookies = [setCookie(PENDING_COOKIE, '', 0)];
  const refusal = await refusalOf(c, pending.provider, identity);
  const record = (account: string, event: 'sign in' | 'sign in failed') =>
    accountOf(c.env, { account }).recordAccess({ event, by: identity.label, what: pending.provider });
  if (refusal !== undefined) {
    await record(OWNER, 'sign in failed');
    return renderPage(c, 'Not allowed', problemPage(refusal), { status: 403, setCookies });
  }
  const person = await personFrom(c, pending.provider, identity);
  await record(person.account, 'sign in');
  setCookies.push(await openBrowserSession(c, person));
  for (const cookie of setCookies) c.header('set-cookie', cookie, { append: true });
  return c.redirect(returnPath(pending.next, new URL(c.req.url).origin), 303);
}

/** Sign-in at another site: sends the person there, and handles the callback. */
export const externalSignIn = new Hono<AppEnv>()
  .get('/sign-in/callback', (c) => finishSignIn(c).catch((error: unknown) => reportFailedSignIn(c, error)))
  .get('/sign-in/:provider{oidc|github}', async (c) => {
    const provider = PendingSignIn.shape.provider.parse(c.req.param('provider'));
    const isReady = readyMethods(c.var.config).some(({ id }) => id === provider);
    return isReady ? startSignIn(c, provider).catch((error: unknown) => reportFailedSignIn(c, error)) : c.redirect('/sign-in');
  });
