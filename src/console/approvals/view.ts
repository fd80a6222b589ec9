import { html } from 'hono/html';
import type { ApprovalPart } from '../../account/approval-parts.ts';
import type { Approval } from '../../account/tables/approvals.ts';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { formatTime } from '../../html/time.ts';

/** An approval as its approver sees it. */
export interface ShownApproval extends Omit<Approval, 'call'> {
  tool: string;
  /** The prompt or the step's input, and the other arguments as JSON; cut unless `isWhole`. */
  texts: string[];
  /** Name of the requester's grant. */
  requester: string;
  /** What the requester's client calls itself. */
  client: string;
}

interface ApprovalsFacts {
  pending: ShownApproval[];
  /** Place below which there are more pending ones. */
  older: number | undefined;
  decided: ShownApproval[];
  /** Outcome of the form that was sent, if any. */
  notice: string | undefined;
  problem: string | undefined;
}

const title = ({ kind, tool }: ShownApproval) =>
  kind === 'step' ? html`A run wants to use <code>${tool}</code>` : html`<code>${tool}</code>`;

const facts = ({
  requester,
  client,
  rule,
  reason,
  estimateUsd,
  job,
  createdAt,
  expiresAt,
}: ShownApproval) => html`<dl class="facts">
<dt>Requested by</dt><dd>${requester}${client ? html` <span class="soft">(calls itself ${client})</span>` : ''}, ${formatTime(createdAt)}</dd>
<dt>Reason</dt><dd>${reason} <span class="soft">(${rule})</span></dd>
${estimateUsd === null ? '' : html`<dt>Expected cost</dt><dd>$${estimateUsd.toFixed(2)}</dd>`}
${job === null ? '' : html`<dt>Job</dt><dd><code>${job}</code></dd>`}
<dt>Expires</dt><dd>${formatTime(expiresAt)}</dd>
</dl>`;

const addressOf = ({ id }: ShownApproval) => `/approvals/${encodeURIComponent(id)}`;

const shownCall = (approval: ShownApproval) => html`${approval.texts.map((text) => html`<pre tabindex="0">${text}</pre>`)}
${approval.isWhole ? '' : html`<p>This call is too long for this page. <a href="${addressOf(approval)}">Read it whole</a></p>`}`;

/** For a step: identical steps of the same app. For a call: all calls by the same app of the same tool under the same rule. */
const similar = ({ kind }: ShownApproval) => (kind === 'step' ? 'identical steps' : 'similar calls');

/** The form that decides. Only a call that was shown whole can be approved in it. */
const decisionForm = (
  approval: ShownApproval,
  isShownWhole: boolean,
): Markup => html`<form method="post" action="${addressOf(approval)}">
<label for="comment-${approval.id}">Comment <span class="soft">(sent to the requester)</span></label>
<input id="comment-${approval.id}" name="comment" type="text" maxlength="500" autocomplete="off">
<div class="row">
  ${isShownWhole ? html`<button name="decision" value="approve">Approve</button>` : ''}
  <button class="plain" name="decision" value="deny">Deny</button>
  ${isShownWhole ? html`<button class="plain" name="decision" value="remember">Approve ${similar(approval)} for 1 hour</button>` : ''}
</div>
</form>`;

const pendingItem = (approval: ShownApproval): Markup => html`<li class="card">
<h3>${title(approval)}</h3>
${shownCall(approval)}
${facts(approval)}
${decisionForm(approval, approval.isWhole)}</li>`;

const STATE_WORDS = { pending: 'Pending', approved: 'Approved', denied: 'Denied', expired: 'Expired' } as const;

const decidedItem = (approval: ShownApproval): Markup => html`<li class="card">
<details><summary><strong>${STATE_WORDS[approval.state]}</strong> ${title(approval)}
<span class="soft">${approval.decidedBy && approval.state !== 'expired' ? html`by ${approval.decidedBy} ` : ''}${approval.decidedAt === null ? '' : formatTime(approval.decidedAt)}</span></summary>
${approval.comment ? html`<p>${approval.comment}</p>` : ''}
${shownCall(approval)}
${facts(approval)}
</details></li>`;

/** Pending approvals, each with its buttons, and recent decisions. */
export const approvalsPage = ({ pending, older, decided, notice, problem }: ApprovalsFacts): Markup => html`
${notice ? html`<p class="note good" role="status">${notice}</p>` : ''}
${problem ? html`<p class="bad" role="alert">${problem}</p>` : ''}
<p>Calls, and steps of runs, that need approval by a person. An approval covers exactly what is shown. Approved jobs and steps then run;
any other call runs when its requester repeats the identical call within 1 hour, once.</p>
<h2>Pending</h2>
${itemList(pending.map(pendingItem), 'No pending approvals.')}
<p><a href="/approvals">Refresh</a>${older === undefined ? '' : html` · <a href="/approvals?before=${older}">Older</a>`}</p>
<h2>Recent decisions</h2>
${itemList(decided.map(decidedItem), 'No decisions yet.')}`;

const partLink = (approval: ShownApproval, part: number, name: string) =>
  html`<a class="button plain" href="${addressOf(approval)}?part=${part}">${name}</a>`;

/** One approval and a part of its call. It can be approved under the last part. */
export const approvalPage = (
  approval: ShownApproval,
  { name, text, start, end, total, part, parts }: ApprovalPart,
): Markup => html`
<p>Part ${part} of ${parts}. The call can be approved under the last part.</p>
<h2>${title(approval)}</h2>
<h3>${name} <span class="soft">(characters ${start + 1} to ${end} of ${total})</span></h3>
<pre tabindex="0">${text}</pre>
<div class="row">
${part > 1 ? partLink(approval, part - 1, 'Previous part') : ''}
${part < parts ? partLink(approval, part + 1, 'Next part') : ''}
</div>
${facts(approval)}
${approval.state === 'pending' ? decisionForm(approval, part === parts) : html`<p>${STATE_WORDS[approval.state]}.</p>`}
<p><a href="/approvals">All approvals</a></p>`;
