import { html } from 'hono/html';
import type { AuditFilter } from '../../account/tables/audit-log.ts';
import { AUDIT_KINDS, type AuditRow } from '../../account/tables/audit-row.ts';
import type { GrantName } from '../../auth/oauth/grants.ts';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { formatTime } from '../../html/time.ts';

/** A row of the audit log as a person sees it. */
interface ShownAuditRow extends AuditRow {
  /** Name of the grant or person that acted. */
  who: string;
}

interface AuditPageFacts {
  rows: ShownAuditRow[];
  grants: GrantName[];
  /** Which rows the list shows. */
  filter: AuditFilter;
  /** Query of the next page. */
  older: string | undefined;
  /** Result of verifying the chain, if requested. */
  chain: { isIntact: boolean; words: string } | undefined;
}

const fact = (name: string, value: Markup | string | null) => (value ? html`<dt>${name}</dt><dd>${value}</dd>` : '');

const rowItem = (row: ShownAuditRow): Markup => html`<li class="card"><details><summary><strong>${row.decision}</strong>
${row.tool === null ? row.kind : html`<code>${row.tool}</code>`} <span class="soft">${row.who}, ${formatTime(row.at)}</span></summary>
<dl class="facts">
${fact('Kind', row.kind)}${fact('Client', row.client)}${fact('Rule', row.rule)}${fact('Reason', row.reason)}
${fact('Shadow policy', row.shadow)}${fact('Job', row.job)}${fact('Cost', row.costUsd === null ? null : `$${row.costUsd.toFixed(4)}`)}
${fact('Row', `${row.seq}, ${row.hash.slice(0, 16)}…`)}
</dl>
${row.args === null ? '' : html`<pre tabindex="0">${row.args}</pre>`}
</details></li>`;

const selectOption = (value: string, words: string, chosen: string | undefined) =>
  html`<option value="${value}"${value === (chosen ?? '') ? html` selected` : ''}>${words}</option>`;

const filterForm = ({ filter, grants }: AuditPageFacts) => html`<form class="card" method="get" action="/audit">
<div class="row">
<div><label for="kind">Kind</label><select id="kind" name="kind">${selectOption('', 'any', filter.kind)}${AUDIT_KINDS.map((kind) => selectOption(kind, kind, filter.kind))}</select></div>
<div><label for="grant">Who</label><select id="grant" name="grant">${selectOption('', 'anyone', filter.grant)}${grants.map(({ id, name }) => selectOption(id, name, filter.grant))}</select></div>
</div>
<div class="row">
<div><label for="tool">Tool</label><input id="tool" name="tool" type="text" value="${filter.tool ?? ''}" autocomplete="off"></div>
<div><label for="decision">Decision</label><input id="decision" name="decision" type="text" value="${filter.decision ?? ''}" autocomplete="off"></div>
<div><label for="job">Job</label><input id="job" name="job" type="text" value="${filter.job ?? ''}" autocomplete="off"></div>
</div>
<button class="wide">Filter</button></form>`;

/** The audit log, newest row first. */
export const auditPage = (
  facts: AuditPageFacts,
): Markup => html`<p>Every decision on a call, every start and end of a job, every approval and every policy change. Each row contains
the hash of the row before it, so removing or changing a row breaks the chain.</p>
${facts.chain ? html`<p class="note${facts.chain.isIntact ? ' good' : ''}" role="status">${facts.chain.words}</p>` : ''}
<p class="row"><a class="button plain" href="/audit?check=1">Verify the chain</a><a class="button plain" href="/audit/export">Export as JSONL</a></p>
${filterForm(facts)}
${itemList(facts.rows.map(rowItem), 'No entries.')}
${facts.older === undefined ? '' : html`<p><a href="/audit?${facts.older}">Older entries</a></p>`}`;
