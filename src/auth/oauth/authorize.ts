import { AuthorizationError, authorizationErrorRedirect, CimdFetchError } from '@cloudflare/workers-oauth-provider';
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { DEFAULT_TARGET } from '../../account/tables/policies.ts';
import { problemPage, setupPage } from '../../html/problem.ts';
import { accountOf } from '../../objects.ts';
import { isPreset } from '../../policy/presets.ts';
import type { AppEnv, Person } from '../app-env.ts';
import { limitFormBody, rateLimitByIp } from '../middleware.ts';
import { renderPage } from '../render-page.ts';
import { BASELINE, grantable, isScope, SCOPE_WORDS } from '../scopes.ts';
import { personOf } from '../sign-in/browser-session.ts';
import { methods, readyMethods } from '../sign-in/methods.ts';
import { signInPath } from '../sign-in/return-path.ts';
import { consentPage } from './consent-view.ts';
import { oauthServer } from './server.ts';

/** Asked for by clients that want a refresh token; it allows nothing. */
const OFFLINE = 'offline_access';

const oauthOf = (c: Context<AppEnv>) => oauthServer(c.var.resource).getOAuthApi(c.env);

/** An answer to what cannot be granted: back to the client where its redirect was checked, a page otherwise. */
function refused(c: Context<AppEnv>, error: unknown) {
  if (error instanceof AuthorizationError && error.redirectTo) return c.redirect(error.redirectTo);
  if (error instanceof AuthorizationError)
    return renderPage(c, 'This request cannot be granted', problemPage(`${error.description}.`), { status: 400 });
  if (error instanceof CimdFetchError) {
    console.warn(JSON.stringify({ cimd: error.metadataUrl, detail: error.detail }));
    const text = `The app describes itself at ${error.metadataUrl}, and that description could not be read.`;
    return renderPage(c, 'This app cannot be verified', problemPage(text), { status: 400 });
  }
  throw error;
}

/** The consent page. It is shown for every request, also of a client that was approved before. */
async function ask(c: Context<AppEnv>, person: Person) {
  const oauth = oauthOf(c);
  const request = await oauth.parseAuthRequest(c.req.raw);
  // The library asks this of public clients only, OAuth 2.1 of all.
  if (!request.codeChallenge)
    return c.redirect(authorizationErrorRedirect(request, 'invalid_request', 'code_challenge is required'));
  const client = await oauth.describeConsent(request);
  const { handle, headers } = await oauth.beginConsent(request);
  const asked = request.scope.filter(isScope);
  const wanted: readonly string[] = asked.length > 0 ? asked : BASELINE;
  const scopes = grantable(person.account).map((name) => ({
    name,
    words: SCOPE_WORDS[name],
    isAsked: wanted.includes(name),
  }));
  const { clientName, clientDomain, redirectHost, redirectIsLoopback } = client;
  const keepsAccess = request.scope.includes(OFFLINE) ? OFFLINE : undefined;
  const { written } = await accountOf(c.env, person).policyState(DEFAULT_TARGET);
  const policy = isPreset(written) ? `the policy ${written}` : 'the policy of your account';
  const facts = { policy, clientName, clientDomain, redirectHost, redirectIsLoopback, scopes, keepsAccess };
  const content = consentPage({ ...facts, handle, account: person.account, person: person.label });
  return renderPage(c, `Allow ${clientName}?`, content, { person, setCookies: headers.getSetCookie(), leadsAway: true });
}

async function approve(c: Context<AppEnv>, person: Person, handle: string, scope: string[]) {
  const oauth = oauthOf(c);
  const { request, headers } = await oauth.approveConsent(c.req.raw, handle, { scope });
  const { clientName, clientDomain, redirectHost } = await oauth.describeConsent(request);
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: person.account,
    metadata: { client: clientName, host: clientDomain ?? redirectHost, isVerified: clientDomain !== undefined },
    scope: request.scope,
    props: {},
  });
  headers.set('location', redirectTo);
  return new Response(null, { status: 302, headers });
}

async function answer(c: Context<AppEnv>, person: Person) {
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
    const text =
      'Nothing was allowed: no permission was ticked, or you signed in as somebody else meanwhile. Start again from the app.';
    return renderPage(c, 'Nothing was allowed', problemPage(text), { status: 400, person });
  }
  return approve(c, person, handle, scope);
}

/** The authorization endpoint: sign-in first, then consent. */
export const authorize = new Hono<AppEnv>()
  .use('/authorize', rateLimitByIp('RL_SIGN_IN'), limitFormBody, csrf())
  .get('/authorize', async (c) => {
    if (readyMethods(c.var.config).length === 0)
      return renderPage(c, 'No sign-in is set up', setupPage(methods(c.var.config)), { status: 503 });
    const person = await personOf(c);
    return person ? ask(c, person).catch((error: unknown) => refused(c, error)) : c.redirect(signInPath(new URL(c.req.url)));
  })
  .post('/authorize', async (c) => {
    const person = await personOf(c);
    if (person) return answer(c, person).catch((error: unknown) => refused(c, error));
    const text = 'You are no longer signed in. Start again from the app.';
    return renderPage(c, 'Sign in again', problemPage(text), { status: 401 });
  });
