import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { OWNER } from '../../caller.ts';
import { accountOf, directoryOf } from '../../objects.ts';
import type { AppEnv } from '../app-env.ts';
import { limitFormBody, rateLimitByIp, requireForm } from '../middleware.ts';
import { clientIp } from '../rate-limit.ts';
import { renderPage } from '../render-page.ts';
import { closeBrowserSession, openBrowserSession, personOf } from './browser-session.ts';
import { readyMethods, signInMethods } from './methods.ts';
import { isPassphrase } from './passphrase.ts';
import { returnPath } from './return-path.ts';
import { setupPage, signInPage } from './view.ts';

/** Bounds the work of a check. */
const PASSPHRASE_MAX_CHARS = 1_024;

const THE_OWNER = 'the owner';
const WRONG = 'Wrong passphrase.';
const wait = (ms: number) => `Too many attempts. Try again in ${Math.ceil(ms / 60_000)} minutes.`;

function signInForm(c: Context<AppEnv>, next: string, status: 200 | 401 | 429 | 503, problem?: string) {
  const ready = readyMethods(c.var.config);
  if (ready.length === 0)
    return renderPage(c, 'Sign-in is not configured', setupPage(signInMethods(c.var.config)), { status: 503 });
  const links = ready.filter(({ id }) => id !== 'passphrase').map(({ id, title }) => ({ id, title }));
  const hasPassphrase = links.length < ready.length;
  // The authorization endpoint may lead on to an app, if the request was withdrawn during the sign-in.
  const leadsAway = next.startsWith('/authorize?');
  return renderPage(c, 'Sign in', signInPage({ next, links, hasPassphrase, problem }), { status, leadsAway });
}

/** Checks a passphrase. Returns what is wrong with it, or null. */
async function checkPassphrase(
  c: Context<AppEnv>,
  hash: string,
  passphrase: string,
): Promise<[status: 401 | 429, text: string] | null> {
  const address = clientIp(c.req.raw) ?? 'local';
  const directory = directoryOf(c.env);
  const waitMs = await directory.attempt(address);
  if (waitMs > 0) return [429, wait(waitMs)];
  const isRight = await isPassphrase(passphrase.slice(0, PASSPHRASE_MAX_CHARS), hash);
  const event = isRight ? 'sign in' : 'sign in failed';
  await accountOf(c.env, { account: OWNER }).recordAccess({ event, by: THE_OWNER, what: `passphrase, from ${address}` });
  if (!isRight) return [401, WRONG];
  await directory.clearAttempts(address);
  return null;
}

/** Sign-in with the owner's passphrase, links to other sign-in methods, and sign-out. */
export const signIn = new Hono<AppEnv>()
  .use('/sign-in/*', rateLimitByIp('RL_SIGN_IN'), limitFormBody, requireForm, csrf())
  .use('/sign-out', limitFormBody, csrf())
  .get('/sign-in', async (c) => {
    const next = returnPath(c.req.query('next'), new URL(c.req.url).origin);
    return (await personOf(c)) ? c.redirect(next, 303) : signInForm(c, next, 200);
  })
  .post('/sign-in', async (c) => {
    const form = await c.req.formData();
    const next = returnPath(String(form.get('next')), new URL(c.req.url).origin);
    const hash = c.var.config.ownerPassphraseHash;
    if (hash === undefined) return signInForm(c, next, 503);
    const problem = await checkPassphrase(c, hash, String(form.get('passphrase')));
    if (problem) return signInForm(c, next, ...problem);
    c.header('set-cookie', await openBrowserSession(c, { account: OWNER, label: THE_OWNER }));
    return c.redirect(next, 303);
  })
  .post('/sign-out', async (c) => {
    c.header('set-cookie', await closeBrowserSession(c));
    return c.redirect('/', 303);
  });
