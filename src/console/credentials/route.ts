import type { Context } from 'hono';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { CREDENTIAL_KINDS, readCredential } from '../../auth/credentials/draft.ts';
import { renderPage } from '../../auth/render-page.ts';
import { toToolError } from '../../errors.ts';
import { accessOf } from '../../objects.ts';
import { auditRead, consolePage } from '../console-page.ts';
import { credentialsPage } from './view.ts';

async function showCredentials(c: Context<SignedInEnv>, problem?: string) {
  const { providerKeys, credentialsSecret } = c.var.config;
  const facts = {
    credentials: await accessOf(c.env, c.var.person).credentials(),
    kinds: CREDENTIAL_KINDS,
    canStore: credentialsSecret !== undefined,
    providerKeys,
    problem,
  };
  return renderPage(c, 'Credentials', credentialsPage(facts), { status: problem ? 400 : 200 });
}

async function setCredential(c: Context<SignedInEnv>) {
  const form = await c.req.formData();
  const draft = readCredential({ name: form.get('name'), value: form.get('value') });
  const set = draft.ok ? await accessOf(c.env, c.var.person).setCredential(draft.value, c.var.person.label) : draft;
  return set.ok ? c.redirect('/credentials', 303) : showCredentials(c, toToolError(set.failure).message);
}

/** The page on which a person stores and removes keys of their own for the model services. */
export const credentials = consolePage('/credentials')
  .use('/credentials/*', auditRead)
  .get('/credentials', (c) => showCredentials(c))
  .post('/credentials', setCredential)
  .post('/credentials/:name/remove', async (c) => {
    await accessOf(c.env, c.var.person).removeCredential(c.req.param('name'), c.var.person.label);
    return c.redirect('/credentials', 303);
  });
