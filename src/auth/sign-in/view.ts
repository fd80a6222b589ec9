import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import type { SignInMethod } from './methods.ts';

interface SignInFacts {
  /** Path to open after the sign-in. */
  next: string;
  /** Sign-in methods at other sites. */
  links: { id: string; title: string }[];
  hasPassphrase: boolean;
  /** Why the last attempt failed. */
  problem: string | undefined;
}

const passphrase = ({ next, problem }: SignInFacts) => html`<form method="post" action="/sign-in">
  <input type="hidden" name="next" value="${next}">
  <label for="passphrase">Owner passphrase</label>
  <input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus${
    problem ? html` aria-invalid="true" aria-describedby="problem"` : ''
  }>
  <button class="wide">Sign in</button>
</form>`;

/** The sign-in methods that are configured. */
export const signInPage = (facts: SignInFacts): Markup => html`<div class="card narrow">
${facts.problem ? html`<p id="problem" class="bad" role="alert">${facts.problem}</p>` : ''}
${facts.hasPassphrase ? passphrase(facts) : ''}
${facts.links.map(
  ({ id, title }) =>
    html`<a class="button wide${facts.hasPassphrase ? ' plain' : ''}" href="/sign-in/${id}?${new URLSearchParams({ next: facts.next }).toString()}">${title}</a>`,
)}
</div>
<p class="soft">If an app sent you here, you decide next what it may do.</p>`;

/** The settings that the operator has to add before anyone can sign in. */
export function setupPage(methods: SignInMethod[]): Markup {
  const started = methods.filter(({ hasSettings }) => hasSettings);
  const shown = started.length > 0 ? started : methods;
  return html`<div class="card">
<p>Nobody can sign in to this gateway yet. Its operator has to add the settings of one sign-in method:</p>
<ul>${shown.map(({ title, missing }) => html`<li>${title}: ${missing.map((name, index) => html`${index > 0 ? ', ' : ''}<code>${name}</code>`)}</li>`)}</ul>
<p><code>npm run passphrase</code> prints the value of <code>OWNER_PASSPHRASE_HASH</code>. For a gateway on your own computer, put the settings
into <code>.dev.vars</code>; for a deployed one, store each with <code>npx wrangler secret put NAME</code>. API tokens and the gateway token work
without a sign-in method.</p>
</div>`;
}
