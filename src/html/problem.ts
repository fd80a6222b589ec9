import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** One paragraph about what went wrong and what to do. */
export const problemPage = (text: string): Markup => html`<div class="card"><p>${text}</p></div>`;

interface SignInWay {
  title: string;
  missing: string[];
  isBegun: boolean;
}

const lacking = (names: string[]) => names.map((name, index) => html`${index > 0 ? ', ' : ''}<code>${name}</code>`);

/** Which settings the operator has to add before anyone can sign in. */
export function setupPage(ways: SignInWay[]): Markup {
  const begun = ways.filter(({ isBegun }) => isBegun);
  const shown = begun.length > 0 ? begun : ways;
  return html`<div class="card">
<p>Nobody can sign in to this gateway yet. Its operator has to add the settings of one sign-in method:</p>
<ul>${shown.map(({ title, missing }) => html`<li>${title}: ${lacking(missing)}</li>`)}</ul>
<p><code>npm run passphrase</code> prints the value of <code>OWNER_PASSPHRASE_HASH</code>. For a gateway on your own computer, put the settings
into <code>.dev.vars</code>; for a deployed one, store each with <code>npx wrangler secret put NAME</code>. API tokens and the gateway token work
without a sign-in method.</p>
</div>`;
}
