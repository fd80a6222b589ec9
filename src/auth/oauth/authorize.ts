import {
  AuthorizationError,
  type AuthRequest,
  authorizationErrorRedirect,
  CimdFetchError,
} from '@cloudflare/workers-oauth-provider';
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { DEFAULT_TARGET } from '../../account/tables/policies.ts';
import { problemPage } from '../../html/problem.ts';
import { shownName } from '../../html/visible.ts';
import { accountOf } from '../../objects.ts';
import { isPreset, PRESETS } from '../../policy/presets.ts';
import type { AppEnv, Person } from '../app-env.ts';
import { limitFormBody, rateLimitByIp, requireForm } from '../middleware.ts';
import { renderPage } from '../render-page.ts';
import { BASELINE, grantable, isScope, requestedChoices } from '../scopes.ts';
import { personOf } from '../sign-in/browser-session.ts';
import { readyMethods, signInMethods } from '../sign-in/methods.ts';
import { signInPath } from '../sign-in/return-path.ts';
import { setupPage } from '../sign-in/view.ts';
import { consentPage } from './consent-view.ts';
import { requirePublicClient } from './public-client.ts';
import { oauthServer } from './server.ts';

/** Requested by clients that want a refresh token. It allows nothing by itself. */
const OFFLINE = 'offline_access';

/** What the library says about a client that is not registered, and what the person can do about it. */
const UNKNOWN_CLIENT = 'Invalid client_id';
const RECONNECT =
  'The registration of this app is not known here: it was removed, or belongs to another gateway. Remove the connection to this gateway in the app, then add it again.';

const oauthOf = (c: Context<AppEnv>) => oauthServer(c.var.resource).getOAuthApi(c.env);

/** Reports an error to the client if its redirect was checked, otherwise on a page. */
function reportRefusal(c: Context<AppEnv>, error: unknown) {
  if (error instanceof AuthorizationError && error.redirectTo) return c.redirect(error.redirectTo);
  if (error instanceof AuthorizationError) {
    const text = error.description === UNKNOWN_CLIENT ? RECONNECT : `The request of the app is not valid: ${error.description}.`;
    return renderPage(c, 'Access cannot be granted', problemPage(text), { status: 400 });
  }
  if (error instanceof CimdFetchError) {
    console.warn(JSON.stringify({ cimd: error.metadataUrl, detail: error.detail }));
    const text = `The description that the app publishes at ${error.metadataUrl} could not be read.`;
    return renderPage(c, 'This app cannot be verified', problemPage(text), { status: 400 });
  }
  throw error;
}

/** Checks a request, then asks for consent or for a sign-in. A refusal precedes both, because Chromium lets no form lead to the app. */
async function answerRequest(c: Context<AppEnv>) {
  const request = await oauthOf(c).parseAuthRequest(c.req.raw);
  // OAuth 2.1 requires PKCE of all clients, the library only of public ones.
  if (!request.codeChallenge)
    return c.redirect(authorizationErrorRedirect(request, 'invalid_request', 'code_challenge is required'));
  const person = await personOf(c);
  return person ? askConsent(c, person, request) : c.redirect(signInPath(new URL(c.req.url)));
}

/** The consent page. Every request shows it, even one of a client that was allowed before. */
async function askConsent(c: Context<AppEnv>, person: Person, request: AuthRequest) {
  const oauth = oauthOf(c);
  const client = await oauth.describeConsent(request);
  const { handle, headers } = await oauth.beginConsent(request);
  const requested = request.scope.filter(isScope);
  const scopes = requestedChoices(person.account, requested.length > 0 ? requested : BASELINE);
  const { clientDomain, redirectHost, redirectIsLoopback } = client;
  const clientName = shownName(client.clientName);
  const keepsAccess = request.scope.includes(OFFLINE) ? OFFLINE : undefined;
  const { written } = await accountOf(c.env, person).policyState(DEFAULT_TARGET, 0);
  const policy = isPreset(written)
    ? `the policy “${written}” (${PRESETS[written].about})`
    : 'the policy document of your account';
  const facts = { policy, clientName, clientDomain, redirectHost, redirectIsLoopback, scopes, keepsAccess };
  const content = consentPage({ ...facts, handle, account: person.account, person: person.label });
  return renderPage(c, `Allow ${clientName}?`, content, { person, setCookies: headers.getSetCookie(), leadsAway: true });
}

async function grantAccess(c: Context<AppEnv>, person: Person, handle: string, scope: string[], showsApprovals: boolean) {
  const oauth = oauthOf(c);
  const { request, headers } = await oauth.approveConsent(c.req.raw, handle, { scope });
  const { clientName, clientDomain, redirectHost } = await oauth.describeConsent(request);
  const client = shownName(clientName);
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: person.account,
    metadata: { client, host: clientDomain ?? redirectHost, isVerified: clientDomain !== undefined },
    scope: request.scope,
    props: { showsApprovals },
  });
  const access = { event: 'consent', by: person.label, what: request.scope.join(' '), client } as const;
  await accountOf(c.env, person).recordAccess(access);
  headers.set('location', redirectTo);
  return new Response(null, { status: 302, headers });
}

async function answerConsent(c: Context<AppEnv>, person: Person) {
  const form = await c.req.formData();
  const handle = String(form.get('handle'));
  if (form.get('decision') !== 'allow') {
    const { headers } = await oauthOf(c).denyConsent(c.req.raw, handle);
    return new Response(null, { status: 302, headers });
  }
  const allowed: readonly string[] = grantable(person.account);
  const scope = form.getAll('scope').map(String);
  const isWhole = form.get('account') === person.account && scope.every((name) => name === OFFLINE || allowed.includes(name));
  if (!isWhole || !scope.some(isScope)) {
    const text = 'No permission was selected, or you signed in as someone else in the meantime. Start again from the app.';
    return renderPage(c, 'Access was not granted', problemPage(text), { status: 400, person });
  }
  return grantAccess(c, person, handle, scope, form.get('showsApprovals') === 'on' && scope.includes('approvals:write'));
}

/** The authorization endpoint: a check of the request, then sign-in, then consent. */
export const authorize = new Hono<AppEnv>()
  .use('/authorize', rateLimitByIp('RL_SIGN_IN'), limitFormBody, requireForm, requirePublicClient, csrf())
  .get('/authorize', async (c) => {
    if (readyMethods(c.var.config).length === 0)
      return renderPage(c, 'Sign-in is not configured', setupPage(signInMethods(c.var.config)), { status: 503 });
    return answerRequest(c).catch((error: unknown) => reportRefusal(c, error));
  })
  .post('/authorize', async (c) => {
    const person = await personOf(c);
    if (person) return answerConsent(c, person).catch((error: unknown) => reportRefusal(c, error));
    const text = 'You are no longer signed in. Start again from the app.';
    return renderPage(c, 'Sign in again', problemPage(text), { status: 401 });
  });
