import { html } from 'hono/html';
import type { ShownCredential } from '../../auth/credentials/vault.ts';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { formatTime } from '../../html/time.ts';

interface CredentialsFacts {
  credentials: ShownCredential[];
  kinds: readonly { name: string; description: string }[];
  /** Whether the operator has set the secret that seals credentials. */
  canStore: boolean;
  providerKeys: 'both' | 'own' | 'operator';
  problem: string | undefined;
}

const USE = {
  both: "Your model calls are paid with your own key, if you store one here, and else with the operator's.",
  own: 'Your model calls are paid with your own key only, so store one for each CLI that you use.',
  operator: "The operator pays for all model calls, so a key that you store here isn't used.",
} as const;

const credentialItem = ({ name, setAt, usedAt, isReadable }: ShownCredential) => html`<li class="card item"><div>
<strong>${name}</strong>
<p class="soft">Set ${formatTime(setAt)} · ${usedAt === null ? 'never used' : html`last used ${formatTime(usedAt)}`}</p>
${isReadable ? '' : html`<p class="bad">The gateway can no longer read it, because the operator's secret has changed. Set it again.</p>`}
</div>
<form method="post" action="/credentials/${name}/remove"><button class="danger" aria-label="Remove ${name}">Remove</button></form></li>`;

const credentialForm = ({ kinds, problem }: CredentialsFacts) => html`<form class="card" method="post" action="/credentials">
${problem ? html`<p id="problem" class="bad" role="alert">${problem}</p>` : ''}
<label for="name">Key</label>
<select id="name" name="name">${kinds.map(({ name, description }) => html`<option value="${name}">${name}: ${description}</option>`)}</select>
<label for="value">Value</label>
<input id="value" name="value" type="password" required maxlength="4096" autocomplete="off" spellcheck="false">
<button class="wide">Store</button>
</form>`;

/** A form for a key, and the stored ones. */
export const credentialsPage = (facts: CredentialsFacts): Markup => html`<p>${USE[facts.providerKeys]}
A stored key is encrypted. No page, tool or run shows it again; only the gateway sends it, and only to its own model service.</p>
${facts.canStore ? credentialForm(facts) : html`<p class="bad" role="alert">This gateway cannot store keys. The operator has to set CREDENTIALS_SECRET.</p>`}
<h2>Your keys</h2>
${itemList(facts.credentials.map(credentialItem), 'No keys.')}`;
