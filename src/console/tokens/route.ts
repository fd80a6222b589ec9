import type { Context } from 'hono';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { apiToken } from '../../auth/bearer.ts';
import { renderPage } from '../../auth/render-page.ts';
import { BASELINE, choicesFor } from '../../auth/scopes.ts';
import { readDraft } from '../../auth/tokens/draft.ts';
import { toToolError } from '../../errors.ts';
import { accessOf } from '../../objects.ts';
import { auditRead, consolePage } from '../console-page.ts';
import { tokensPage } from './view.ts';

/** Lifetimes that the page offers, in days. 0: never expires. */
const LIFETIMES = [7, 30, 90, 365, 0] as const;

interface TokensOutcome {
  made?: { name: string; token: string; url: string };
  problem?: string;
}

async function showTokens(c: Context<SignedInEnv>, { made, problem }: TokensOutcome = {}) {
  const { account } = c.var.person;
  const tokens = await accessOf(c.env, { account }).tokens();
  const scopes = choicesFor(account, BASELINE);
  const content = tokensPage({ tokens, scopes, lifetimes: LIFETIMES, made, problem });
  return renderPage(c, 'API tokens', content, { status: problem ? 400 : 200 });
}

async function createToken(c: Context<SignedInEnv>) {
  const { account, label } = c.var.person;
  const form = await c.req.formData();
  const asked = { name: form.get('name'), scopes: form.getAll('scope'), days: form.get('days') };
  const draft = readDraft(account, asked);
  const made = draft.ok ? await accessOf(c.env, { account }).createToken(draft.value, label) : draft;
  if (!made.ok) return showTokens(c, { problem: toToolError(made.failure).message });
  const { secret, token } = made.value;
  return showTokens(c, { made: { name: token.name, token: apiToken(account, secret), url: c.var.resource } });
}

/** The page on which a person makes and revokes API tokens. */
export const tokens = consolePage('/tokens')
  .use('/tokens/*', auditRead)
  .get('/tokens', (c) => showTokens(c))
  .post('/tokens', createToken)
  .post('/tokens/:id/revoke', async (c) => {
    await accessOf(c.env, c.var.person).revokeToken(c.req.param('id'), c.var.person.label);
    return c.redirect('/connections', 303);
  });
