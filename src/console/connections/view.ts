import { html } from 'hono/html';
import type { ShownGrant } from '../../auth/oauth/grants.ts';
import type { ApiToken } from '../../auth/tokens/store.ts';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { formatTime } from '../../html/time.ts';
import { tokenItem } from '../tokens/view.ts';

interface ConnectionsFacts {
  grants: ShownGrant[];
  tokens: ApiToken[];
  /** URL of the MCP endpoint. */
  url: string;
}

const grantItem = (grant: ShownGrant) => html`<li class="card item"><div>
<strong>${grant.client}</strong>
<p class="soft">${grant.host}${grant.isVerified ? '' : ' (name not verified)'}</p>
<p class="soft">${grant.scopes.join(', ')}</p>
<p class="soft">Allowed ${formatTime(grant.createdAt)}${grant.expiresAt === undefined ? '' : html` · expires ${formatTime(grant.expiresAt)} unless used before`}</p>
</div>
<form method="post" action="/connections/${grant.id}/revoke"><button class="danger" aria-label="Revoke ${grant.client}">Revoke</button></form></li>`;

/** The apps and tokens that may act for the account, each with its revoke button. */
export const connectionsPage = ({
  grants,
  tokens,
  url,
}: ConnectionsFacts): Markup => html`<p>These apps and tokens can use this gateway as you.
To connect another app, give it the address <code>${url}</code>.</p>
<h2>Apps</h2>
${itemList(grants.map(grantItem), 'No connected apps.')}
<h2>API tokens</h2>
${itemList(tokens.map(tokenItem), 'No API tokens.')}
<p><a href="/tokens">Create a token</a></p>`;
