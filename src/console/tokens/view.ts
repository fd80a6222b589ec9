import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { list } from '../../html/list.ts';
import { type ScopeChoice, scopeChoices } from '../../html/scope-choices.ts';
import { when } from '../../html/time.ts';

/** An API token as its owner sees it. Times in ms. */
export interface ShownToken {
  id: string;
  name: string;
  scopes: readonly string[];
  createdAt: number;
  expiresAt: number | null;
  usedAt: number | null;
}

interface Tokens {
  tokens: ShownToken[];
  scopes: ScopeChoice[];
  /** Days to choose from; 0: it never expires. */
  lifetimes: readonly number[];
  /** A token that was made just now, and the URL to use it with. */
  made: { name: string; token: string; url: string } | undefined;
  complaint: string | undefined;
}

const lifetime = (days: number) => (days === 0 ? 'Never' : days === 1 ? 'In one day' : `In ${days} days`);

const madeCard = ({ name, token, url }: NonNullable<Tokens['made']>) => html`<section class="card" aria-labelledby="made">
<h2 id="made">${name}</h2>
<p class="note good" role="status">Copy the token now: it is not shown again.</p>
<code class="secret" tabindex="0" aria-label="The token">${token}</code>
<p>Claude Code, for example:</p>
<pre tabindex="0"><code>claude mcp add --transport http gateway ${url} --header "Authorization: Bearer ${token}"</code></pre>
</section>`;

/** A token with the button that ends it. */
export const tokenItem = (token: ShownToken): Markup => html`<li class="card item"><div>
<strong>${token.name}</strong>
<p class="soft">${token.scopes.join(', ')}</p>
<p class="soft">Made ${when(token.createdAt)} · ${token.expiresAt === null ? 'never expires' : html`expires ${when(token.expiresAt)}`} ·
${token.usedAt === null ? 'never used' : html`last used ${when(token.usedAt)}`}</p>
</div>
<form method="post" action="/tokens/${token.id}/revoke"><button class="danger" aria-label="Revoke ${token.name}">Revoke</button></form></li>`;

/** API tokens: the ones that exist, and a form for another. */
export const tokensPage = ({ tokens, scopes, lifetimes, made, complaint }: Tokens): Markup => html`${made ? madeCard(made) : ''}
<p>For clients that send a header, for CI and scripts. A token acts for you, within the permissions that you give it.</p>
<form class="card" method="post" action="/tokens">
${complaint ? html`<p id="complaint" class="bad" role="alert">${complaint}</p>` : ''}
<label for="name">Name</label>
<input id="name" name="name" type="text" required maxlength="80" autocomplete="off" placeholder="laptop, CI, …">
${scopeChoices('It may', scopes)}
<label for="days">Expires</label>
<select id="days" name="days">${lifetimes.map((days) => html`<option value="${days}"${days === 90 ? html` selected` : ''}>${lifetime(days)}</option>`)}</select>
<button class="wide">Make a token</button>
</form>
<h2>Your tokens</h2>
${list(tokens.map(tokenItem), 'There are none.')}`;
