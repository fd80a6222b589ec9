import { html } from 'hono/html';
import type { ShownGrant } from '../../auth/oauth/grants.ts';
import type { Markup } from '../../html/frame.ts';
import { list } from '../../html/list.ts';
import { when } from '../../html/time.ts';
import { type ShownToken, tokenItem } from '../tokens/view.ts';

interface Connections {
  grants: ShownGrant[];
  tokens: ShownToken[];
  /** What clients connect to. */
  url: string;
}

const grantItem = (grant: ShownGrant) => html`<li class="card item"><div>
<strong>${grant.client}</strong>
<p class="soft">${grant.host}${grant.isVerified ? '' : ' (name not verified)'}</p>
<p class="soft">${grant.scopes.join(', ')}</p>
<p class="soft">Allowed ${when(grant.createdAt)}${grant.expiresAt === undefined ? '' : html` · expires ${when(grant.expiresAt)} unless used`}</p>
</div>
<form method="post" action="/connections/${grant.id}/revoke"><button class="danger" aria-label="Revoke ${grant.client}">Revoke</button></form></li>`;

/** Everything that may act for the account, to look at and to end. */
export const connectionsPage = ({
  grants,
  tokens,
  url,
}: Connections): Markup => html`<p>Whatever is listed here may use this gateway as you.
New apps connect to <code>${url}</code>.</p>
<h2>Apps</h2>
${list(grants.map(grantItem), 'No app is connected.')}
<h2>API tokens</h2>
${list(tokens.map(tokenItem), 'There are none.')}
<p><a href="/tokens">Make a token</a></p>`;
