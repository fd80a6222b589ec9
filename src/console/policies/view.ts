import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { itemList } from '../../html/list.ts';
import { formatTime } from '../../html/time.ts';
import { TOOL_STATES } from './tool-state.ts';

/** A grant and the policy in force for it. */
export interface ShownPolicy {
  target: string;
  name: string;
  /** In words: a preset, or a document. */
  policy: string;
  /** Source of the policy, in words. */
  from: string;
  shadow: string | undefined;
}

const targetPath = (target: string) => `/policies/${encodeURIComponent(target)}`;

const policyItem = ({ target, name, policy, from, shadow }: ShownPolicy): Markup => html`<li class="card item"><div>
<strong>${name}</strong>
<p>${policy} <span class="soft">${from}</span></p>
${shadow === undefined ? '' : html`<p class="soft">Shadow policy: ${shadow}</p>`}
</div>
<a class="button plain" href="${targetPath(target)}" aria-label="Edit policy of ${name}">Edit</a></li>`;

/** The policy of each connection. */
export const policiesPage = (
  policies: ShownPolicy[],
): Markup => html`<p>A policy says which tools a connection may call, how often, and which
calls need approval. A change applies from the next call.</p>
${itemList(policies.map(policyItem), 'No connections.')}`;

/** A tool under the policy of a target. */
export interface ShownTool {
  name: string;
  risk: string;
  /** The risk, in words. */
  words: string;
  state: string;
}

interface ShownChange {
  at: number;
  by: string;
  mode: string;
  policy: string;
}

/** A call to test, and what would be decided on it. */
export interface TestedCall {
  tool: string;
  /** As JSON. */
  args: string;
  result?: { decision: string; rule: string; reason: string; counters: string[] };
}

interface PolicyPageFacts {
  target: string;
  name: string;
  policy: string;
  from: string;
  presets: { name: string; about: string; isInForce: boolean }[];
  /** The policy in force, as an editable document. */
  document: string;
  shadow: string | undefined;
  tools: ShownTool[];
  changes: ShownChange[];
  tested: TestedCall | undefined;
  notice: string | undefined;
  problem: string | undefined;
}

const presetForm = (
  { target }: PolicyPageFacts,
  { name, about, isInForce }: PolicyPageFacts['presets'][number],
) => html`<li class="item"><div>
<strong>${name}</strong> <span class="soft">${about}</span></div>
<form method="post" action="${targetPath(target)}/preset"><button class="plain" name="preset" value="${name}"${isInForce ? html` disabled` : ''}>${isInForce ? 'In force' : `Use ${name}`}</button></form></li>`;

const toolRow = ({ name, risk, words, state }: ShownTool) => html`<li class="item"><label for="tool-${name}"><code>${name}</code>
<span class="soft">${risk}: ${words}</span></label>
<select id="tool-${name}" name="${name}">${TOOL_STATES.map(
  (option) =>
    html`<option value="${option}"${option === state ? html` selected` : ''}${option === 'custom' && state !== 'custom' ? html` disabled` : ''}>${option}</option>`,
)}</select></li>`;

const testResult = ({ tested }: PolicyPageFacts) =>
  tested?.result
    ? html`<div class="note" role="status"><p><strong>${tested.result.decision}</strong>: ${tested.result.reason} <span class="soft">(${tested.result.rule})</span></p>
${tested.result.counters.map((counter) => html`<p class="soft">${counter}</p>`)}</div>`
    : '';

const changeItem = ({
  at,
  by,
  mode,
  policy,
}: ShownChange): Markup => html`<li class="card"><details><summary>${formatTime(at)} by ${by}${mode === 'shadow' ? ', shadow' : ''}</summary>
<pre tabindex="0">${policy}</pre></details></li>`;

/** The policy of one target: presets, tools, the document, a test call and the history. */
export const policyPage = (facts: PolicyPageFacts): Markup => html`
${facts.notice ? html`<p class="note good" role="status">${facts.notice}</p>` : ''}
${facts.problem ? html`<p class="bad" role="alert">${facts.problem}</p>` : ''}
<p><strong>${facts.name}</strong>: ${facts.policy} <span class="soft">${facts.from}</span></p>
<section class="card" aria-labelledby="presets"><h2 id="presets">Presets</h2>
<ul class="list tight">${facts.presets.map((preset) => presetForm(facts, preset))}</ul></section>
<form class="card" method="post" action="${targetPath(facts.target)}/tools"><h2>Tools</h2>
<ul class="list tight">${facts.tools.map(toolRow)}</ul>
<button class="wide">Save tools</button></form>
<form class="card" method="post" action="${targetPath(facts.target)}/document"><h2>Document</h2>
<label for="document">JSON, version "1"</label>
<textarea id="document" name="document" rows="16" spellcheck="false" required>${facts.document}</textarea>
<div class="row">
  <button name="mode" value="enforce">Enforce</button>
  <button class="plain" name="mode" value="shadow">Save as shadow (log only)</button>
</div>
${facts.shadow === undefined ? '' : html`<p class="soft">Shadow policy: ${facts.shadow}</p>`}
</form>
<form class="card" method="post" action="${targetPath(facts.target)}/try"><h2>Test a call</h2>
${testResult(facts)}
<label for="tool">Tool</label>
<select id="tool" name="tool">${facts.tools.map(({ name }) => html`<option${name === facts.tested?.tool ? html` selected` : ''}>${name}</option>`)}</select>
<label for="args">Arguments as JSON</label>
<textarea id="args" name="args" rows="3" spellcheck="false">${facts.tested?.args ?? '{}'}</textarea>
<button class="wide plain">Test this call</button></form>
<form class="card" method="post" action="${targetPath(facts.target)}/remove"><h2>Remove</h2>
<p>Without its own policy, this connection uses the default policy of the account.</p>
<div class="row"><button class="danger" name="mode" value="enforce">Remove policy</button>
<button class="danger" name="mode" value="shadow">Stop shadow mode</button></div></form>
<h2>History</h2>
${itemList(facts.changes.map(changeItem), 'No changes yet.')}
<p><a href="/policies">All policies</a></p>`;
