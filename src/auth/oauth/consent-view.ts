import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { type ScopeChoice, scopeChoices } from '../../html/scope-choices.ts';

interface Consent {
  clientName: string;
  /** The domain that vouches for the name; absent: nobody does. */
  clientDomain?: string | undefined;
  redirectHost: string;
  redirectIsLoopback: boolean;
  scopes: ScopeChoice[];
  /** A scope to grant along, which allows nothing by itself. */
  keepsAccess: string | undefined;
  /** The preset or policy that will hold for it, in words. */
  policy: string;
  handle: string;
  account: string;
  person: string;
}

const origin = (domain: string | undefined) =>
  domain === undefined
    ? html`<p class="note">Not verified: the app gave itself this name. Go on only if you started this.</p>`
    : html`<p class="note good">Verified: published by <strong>${domain}</strong>.</p>`;

const loopback = html`<p class="note">Access goes to a program on your own computer. Go on only if you just started to connect it.</p>`;

/** Who asks, for what, and where the access goes; to allow or to deny. */
export function consentPage(facts: Consent): Markup {
  const asked = facts.scopes.filter(({ isAsked }) => isAsked);
  const others = facts.scopes.filter(({ isAsked }) => !isAsked);
  return html`<form class="card" method="post" action="/authorize">
<p><strong>${facts.clientName}</strong> asks to use this gateway as <strong>${facts.person}</strong>. Access is sent to
<strong>${facts.redirectHost}</strong>.</p>
${origin(facts.clientDomain)}
${facts.redirectIsLoopback ? loopback : ''}
${scopeChoices('It asks to', asked)}
${others.length > 0 ? scopeChoices('You could also let it', others) : ''}
<p class="soft">What it may call is held to ${facts.policy}, which you can change under Policies.</p>
<p class="soft">Access lasts until you revoke it under Connections, or 30 days without use.</p>
<input type="hidden" name="handle" value="${facts.handle}">
<input type="hidden" name="account" value="${facts.account}">
${facts.keepsAccess === undefined ? '' : html`<input type="hidden" name="scope" value="${facts.keepsAccess}">`}
<div class="row">
  <button name="decision" value="allow">Allow</button>
  <button class="plain" name="decision" value="deny">Deny</button>
</div>
</form>`;
}
