import { html } from 'hono/html';
import type { ApiToken } from '../../auth/tokens/store.ts';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { type ScopeChoice, scopeChoices } from '../../html/scope-choices.ts';
import { formatTime } from '../../html/time.ts';

interface TokensFacts {
  tokens: ApiToken[];
  scopes: ScopeChoice[];
  /** Lifetimes to choose from, in days. 0: never expires. */
  lifetimes: readonly number[];
  /** The token that was just created, and the MCP URL. */
  made: { name: string; token: string; url: string } | undefined;
  problem: string | undefined;
}

const lifetime = (days: number) => (days === 0 ? 'Never' : days === 1 ? 'In one day' : `In ${days} days`);

const madeCard = ({ name, token, url }: NonNullable<TokensFacts['made']>) => html`<section class="card" aria-labelledby="made">
<h2 id="made">New token: ${name}</h2>
<p class="note good" role="status">Copy the token now. It is not shown again.</p>
<code class="secret" tabindex="0" aria-label="The token">${token}</code>
<p>For example, in Claude Code:</p>
<pre tabindex="0"><code>claude mcp add --transport http gateway ${url} --header "Authorization: Bearer ${token}"</code></pre>
</section>`;

/** A token with its revoke button. */
export const tokenItem = (token: ApiToken): Markup => html`<li class="card item"><div>
<strong>${token.name}</strong>
<p class="soft">${token.scopes.join(', ')}</p>
<p class="soft">Created ${formatTime(token.createdAt)} · ${token.expiresAt === null ? 'never expires' : html`expires ${formatTime(token.expiresAt)}`} ·
${token.usedAt === null ? 'never used' : html`last used ${formatTime(token.usedAt)}`}</p>
</div>
<form method="post" action="/tokens/${token.id}/revoke"><button class="danger" aria-label="Revoke ${token.name}">Revoke</button></form></li>`;

/** A form for a new API token, and the existing ones. */
export const tokensPage = ({
  tokens,
  scopes,
  lifetimes,
  made,
  problem,
}: TokensFacts): Markup => html`${made ? madeCard(made) : ''}
<p>API tokens are for CI, scripts and clients that send an Authorization header. A token acts for you, with the permissions you select.</p>
<form class="card" method="post" action="/tokens">
${problem ? html`<p id="problem" class="bad" role="alert">${problem}</p>` : ''}
<label for="name">Name</label>
<input id="name" name="name" type="text" required maxlength="80" autocomplete="off" placeholder="laptop, CI, …">
${scopeChoices('Permissions', scopes)}
<label for="days">Expires</label>
<select id="days" name="days">${lifetimes.map((days) => html`<option value="${days}"${days === 90 ? html` selected` : ''}>${lifetime(days)}</option>`)}</select>
<button class="wide">Create token</button>
</form>
<h2>Your tokens</h2>
${itemList(tokens.map(tokenItem), 'No API tokens.')}`;
