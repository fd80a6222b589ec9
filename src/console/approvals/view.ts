import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { list } from '../../html/list.ts';
import { when } from '../../html/time.ts';

/** A question as a person sees it. Times in ms. */
export interface ShownApproval {
  id: string;
  kind: 'call' | 'step';
  state: 'pending' | 'approved' | 'denied' | 'expired';
  tool: string;
  /** The prompt, or the step's input: shown as it is. */
  text: string | undefined;
  /** The other arguments as JSON. */
  rest: string | undefined;
  /** Who asks: the grant by its name, and what its client calls itself. */
  asker: string;
  client: string;
  rule: string;
  reason: string;
  estimateUsd: number | undefined;
  job: string | undefined;
  createdAt: number;
  expiresAt: number;
  decidedAt: number | undefined;
  decidedBy: string | undefined;
  said: string | undefined;
}

interface Approvals {
  pending: ShownApproval[];
  decided: ShownApproval[];
  /** What became of the last decision. */
  news: string | undefined;
  complaint: string | undefined;
}

const title = ({ kind, tool }: ShownApproval) =>
  kind === 'step' ? html`A run wants to use <code>${tool}</code>` : html`<code>${tool}</code>`;

const facts = ({ asker, client, rule, reason, estimateUsd, job, createdAt, expiresAt }: ShownApproval) => html`<dl class="facts">
<dt>Asked by</dt><dd>${asker}${client ? html` <span class="soft">(calls itself ${client})</span>` : ''}, ${when(createdAt)}</dd>
<dt>Why</dt><dd>${reason} <span class="soft">(${rule})</span></dd>
${estimateUsd === undefined ? '' : html`<dt>Expected cost</dt><dd>$${estimateUsd.toFixed(2)}</dd>`}
${job === undefined ? '' : html`<dt>Job</dt><dd><code>${job}</code></dd>`}
<dt>Refused at</dt><dd>${when(expiresAt)}, if nobody decides</dd>
</dl>`;

const shown = ({ text, rest }: ShownApproval) => html`${text === undefined ? '' : html`<pre tabindex="0">${text}</pre>`}
${rest === undefined ? '' : html`<pre tabindex="0">${rest}</pre>`}`;

/** What is let pass for an hour: of a step that very step of the same app, of a call all of the same app, tool and rule. */
const alike = ({ kind }: ShownApproval) => (kind === 'step' ? 'Approve this very step' : 'Approve all calls like this');

const pendingItem = (approval: ShownApproval): Markup => html`<li class="card">
<h3>${title(approval)}</h3>
${shown(approval)}
${facts(approval)}
<form method="post" action="/approvals/${encodeURIComponent(approval.id)}">
<label for="said-${approval.id}">Reason <span class="soft">(told to who asked)</span></label>
<input id="said-${approval.id}" name="said" type="text" maxlength="500" autocomplete="off">
<div class="row">
  <button name="decision" value="approve">Approve</button>
  <button class="plain" name="decision" value="deny">Deny</button>
  <button class="plain" name="decision" value="alike">${alike(approval)} for an hour</button>
</div>
</form></li>`;

const STATES = { pending: 'Pending', approved: 'Approved', denied: 'Denied', expired: 'Nobody decided' } as const;

const decidedItem = (approval: ShownApproval): Markup => html`<li class="card">
<details><summary><strong>${STATES[approval.state]}</strong> ${title(approval)}
<span class="soft">${approval.decidedBy && approval.state !== 'expired' ? html`by ${approval.decidedBy} ` : ''}${approval.decidedAt === undefined ? '' : when(approval.decidedAt)}</span></summary>
${approval.said ? html`<p>${approval.said}</p>` : ''}
${shown(approval)}
${facts(approval)}
</details></li>`;

/** What waits for a person, each with its buttons, and what was decided lately. */
export const approvalsPage = ({ pending, decided, news, complaint }: Approvals): Markup => html`
${news ? html`<p class="note good" role="status">${news}</p>` : ''}
${complaint ? html`<p class="bad" role="alert">${complaint}</p>` : ''}
<p>Calls that a policy holds, and steps that a run asks about. An approved request for a job, or step, runs just as it is shown; any other approved call has to be repeated by the requester within an hour, once.</p>
<h2>Pending</h2>
${list(pending.map(pendingItem), 'Nothing waits for you.')}
<p><a href="/approvals">Look again</a></p>
<h2>Decided</h2>
${list(decided.map(decidedItem), 'Nothing yet.')}`;
