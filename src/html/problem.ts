import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** One paragraph about what went wrong and what to do. */
export const problemPage = (text: string): Markup => html`<div class="card"><p>${text}</p></div>`;

interface Way {
  title: string;
  missing: string[];
  isBegun: boolean;
}

const lacking = (names: string[]) => names.map((name, index) => html`${index > 0 ? ', ' : ''}<code>${name}</code>`);

/** What the operator has to set before anyone can sign in. */
export function setupPage(ways: Way[]): Markup {
  const begun = ways.filter(({ isBegun }) => isBegun);
  const shown = begun.length > 0 ? begun : ways;
  return html`<div class="card">
<p>Nobody can sign in to this gateway yet, so it grants nothing. Its operator has to set one of these:</p>
<ul>${shown.map(({ title, missing }) => html`<li>${title}: ${lacking(missing)}</li>`)}</ul>
<p><code>npm run passphrase</code> makes the value of <code>OWNER_PASSPHRASE_HASH</code>. On a laptop settings go into <code>.dev.vars</code>,
elsewhere <code>npx wrangler secret put NAME</code> keeps them. API tokens and the gateway token work without any.</p>
</div>`;
}
