import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { z } from 'zod';
import type { Scope } from '../caller.ts';
import { fail, type Result, toToolError } from '../errors.ts';
import { tokensPage } from '../pages/tokens.ts';
import { apiToken } from './bearer.ts';
import type { Door } from './context.ts';
import { perAddress, smallBody } from './front-door.ts';
import { show } from './render-page.ts';
import { BASELINE, grantable, isScope, SCOPE_WORDS } from './scopes.ts';
import { asPerson } from './sign-in/require-person.ts';
import type { Person } from './sign-in/session.ts';
import type { TokenDraft } from './tokens/access.ts';
import type { ApiToken } from './tokens/store.ts';

/** Days that the page offers; 0: never. */
const LIFETIMES = [7, 30, 90, 365, 0] as const;

const Draft = z.object({
  name: z.string().trim().min(1, 'give it a name').max(80),
  scopes: z.array(z.string().refine(isScope, 'is no scope')).min(1, 'tick at least one permission'),
  days: z.coerce.number().int().min(0).max(3_650),
});

/** What a token is asked to be, or why it cannot be made for this account. */
export function readDraft(account: string, asked: unknown): Result<TokenDraft> {
  const read = Draft.safeParse(asked);
  if (!read.success)
    return fail({
      code: 'invalid_input',
      issues: read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}.`),
    });
  const { name, days } = read.data;
  const allowed = grantable(account);
  const scopes: Scope[] = read.data.scopes.filter(isScope);
  const beyond = scopes.filter((scope) => !allowed.includes(scope));
  if (beyond.length > 0) return fail({ code: 'invalid_input', issues: [`scopes: ${beyond.join(', ')} is for the owner alone.`] });
  return { ok: true, value: { name, scopes: [...new Set(scopes)], days: days === 0 ? undefined : days } };
}

interface News {
  made?: { name: string; token: string; url: string };
  complaint?: string;
}

async function page(c: Context<Door>, person: Person, { made, complaint }: News = {}) {
  const tokens: ApiToken[] = await c.env.ACCESS.getByName(person.account).tokens();
  const scopes = grantable(person.account).map((name) => ({
    name,
    words: SCOPE_WORDS[name],
    isAsked: BASELINE.includes(name),
  }));
  const content = tokensPage({ tokens, scopes, lifetimes: LIFETIMES, made, complaint });
  return show(c, 'API tokens', content, { person, status: complaint ? 400 : 200 });
}

async function create(c: Context<Door>, person: Person) {
  const form = await c.req.formData();
  const asked = { name: form.get('name'), scopes: form.getAll('scope'), days: form.get('days') };
  const draft = readDraft(person.account, asked);
  const made = draft.ok ? await c.env.ACCESS.getByName(person.account).createToken(draft.value) : draft;
  if (!made.ok) return page(c, person, { complaint: toToolError(made.failure).message });
  const { secret, token } = made.value;
  return page(c, person, { made: { name: token.name, token: apiToken(person.account, secret), url: c.var.resource } });
}

/** The page on which a person makes API tokens and ends them. */
export const tokens = new Hono<Door>()
  .use('/tokens/*', perAddress('RL_ADDRESS'), smallBody, csrf())
  .get(
    '/tokens',
    asPerson((c, person) => page(c, person)),
  )
  .post('/tokens', asPerson(create))
  .post(
    '/tokens/:id/revoke',
    asPerson(async (c, { account }) => {
      await c.env.ACCESS.getByName(account).revokeToken(c.req.param('id') ?? '');
      return c.redirect('/connections', 303);
    }),
  );
