import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { type ScopeChoice, scopeChoices } from '../../html/scope-choices.ts';

interface ConsentFacts {
  clientName: string;
  /** The domain that publishes the client. Absent: the name is not verified. */
  clientDomain?: string | undefined;
  redirectHost: string;
  redirectIsLoopback: boolean;
  scopes: ScopeChoice[];
  /** A scope that is granted too and allows nothing by itself. */
  keepsAccess: string | undefined;
  /** The policy that will apply to the client, in words. */
  policy: string;
  handle: string;
  account: string;
  person: string;
}

const verification = (domain: string | undefined) =>
  domain === undefined
    ? html`<p class="note">Not verified: the app chose this name itself. Continue only if you started this.</p>`
    : html`<p class="note good">Verified: published by <strong>${domain}</strong>.</p>`;

const loopback = html`<p class="note">Access goes to a program on your own computer. Continue only if you just started to connect it.</p>`;

const approvalsInside = html`<fieldset><legend>Approvals inside the app</legend><label class="choice"><input type="checkbox" name="showsApprovals" value="on"><span>The app may
show you approvals of its own calls, and pass on what you decide. Only with permission to approve. Leave it off unless you trust the app: it could
answer in your place.</span></label></fieldset>`;

/** Which client requests what, and where the access goes, to allow or deny. */
export function consentPage(facts: ConsentFacts): Markup {
  const mayApprove = facts.scopes.some(({ name }) => name === 'approvals:write');
  return html`<form class="card" method="post" action="/authorize">
<p><strong>${facts.clientName}</strong> asks to use this gateway as <strong>${facts.person}</strong>. Access is sent to
<strong>${facts.redirectHost}</strong>.</p>
${verification(facts.clientDomain)}
${facts.redirectIsLoopback ? loopback : ''}
${scopeChoices('It asks to', facts.scopes)}
${mayApprove ? approvalsInside : ''}
<p class="soft">Its calls are also limited by ${facts.policy}, which you can change under Policies. Access ends when you revoke it under
Connections, or after 30 days without use.</p>
<input type="hidden" name="handle" value="${facts.handle}">
<input type="hidden" name="account" value="${facts.account}">
${facts.keepsAccess === undefined ? '' : html`<input type="hidden" name="scope" value="${facts.keepsAccess}">`}
<div class="row">
  <button name="decision" value="allow">Allow</button>
  <button class="plain" name="decision" value="deny">Deny</button>
</div>
</form>`;
}
