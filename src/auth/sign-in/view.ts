import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';

interface SignIn {
  /** Path to open after the sign-in. */
  next: string;
  /** Sign-in methods at other sites. */
  links: { id: string; title: string }[];
  hasPassphrase: boolean;
  /** Why the last attempt failed. */
  complaint: string | undefined;
}

const passphrase = ({ next, complaint }: SignIn) => html`<form method="post" action="/sign-in">
  <input type="hidden" name="next" value="${next}">
  <label for="passphrase">Owner passphrase</label>
  <input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus${
    complaint ? html` aria-invalid="true" aria-describedby="complaint"` : ''
  }>
  <button class="wide">Sign in</button>
</form>`;

/** The sign-in methods that are configured. */
export const signInPage = (facts: SignIn): Markup => html`<div class="card narrow">
${facts.complaint ? html`<p id="complaint" class="bad" role="alert">${facts.complaint}</p>` : ''}
${facts.hasPassphrase ? passphrase(facts) : ''}
${facts.links.map(
  ({ id, title }) =>
    html`<a class="button wide${facts.hasPassphrase ? ' plain' : ''}" href="/sign-in/${id}?${new URLSearchParams({ next: facts.next }).toString()}">${title}</a>`,
)}
</div>
<p class="soft">If an app sent you here, you decide next what it may do.</p>`;
