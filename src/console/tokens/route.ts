import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import type { AppEnv } from '../../auth/app-env.ts';
import { apiToken } from '../../auth/bearer.ts';
import { limitFormBody, rateLimitByIp } from '../../auth/middleware.ts';
import { renderPage } from '../../auth/render-page.ts';
import { BASELINE, grantable, SCOPE_WORDS } from '../../auth/scopes.ts';
import type { Person } from '../../auth/sign-in/browser-session.ts';
import { requireSignIn } from '../../auth/sign-in/require-sign-in.ts';
import { readDraft } from '../../auth/tokens/draft.ts';
import type { ApiToken } from '../../auth/tokens/store.ts';
import { toToolError } from '../../errors.ts';
import { accessOf } from '../../objects.ts';
import { tokensPage } from './view.ts';

/** Days that the page offers; 0: never. */
const LIFETIMES = [7, 30, 90, 365, 0] as const;

interface News {
  made?: { name: string; token: string; url: string };
  complaint?: string;
}

async function page(c: Context<AppEnv>, person: Person, { made, complaint }: News = {}) {
  const tokens: ApiToken[] = await accessOf(c.env, person).tokens();
  const scopes = grantable(person.account).map((name) => ({
    name,
    words: SCOPE_WORDS[name],
    isAsked: BASELINE.includes(name),
  }));
  const content = tokensPage({ tokens, scopes, lifetimes: LIFETIMES, made, complaint });
  return renderPage(c, 'API tokens', content, { person, status: complaint ? 400 : 200 });
}

async function create(c: Context<AppEnv>, person: Person) {
  const form = await c.req.formData();
  const asked = { name: form.get('name'), scopes: form.getAll('scope'), days: form.get('days') };
  const draft = readDraft(person.account, asked);
  const made = draft.ok ? await accessOf(c.env, person).createToken(draft.value) : draft;
  if (!made.ok) return page(c, person, { complaint: toToolError(made.failure).message });
  const { secret, token } = made.value;
  return page(c, person, { made: { name: token.name, token: apiToken(person.account, secret), url: c.var.resource } });
}

/** The page on which a person makes API tokens and ends them. */
export const tokens = new Hono<AppEnv>()
  .use('/tokens/*', rateLimitByIp('RL_ADDRESS'), limitFormBody, csrf())
  .get(
    '/tokens',
    requireSignIn((c, person) => page(c, person)),
  )
  .post('/tokens', requireSignIn(create))
  .post(
    '/tokens/:id/revoke',
    requireSignIn(async (c, { account }) => {
      await accessOf(c.env, { account }).revokeToken(c.req.param('id') ?? '');
      return c.redirect('/connections', 303);
    }),
  );
