import { html } from 'hono/html';
import type { Markup } from '../../html/frame.ts';
import { list } from '../../html/list.ts';
import { when } from '../../html/time.ts';

/** A grant with what it is held to. */
export interface ShownPolicy {
  target: string;
  name: string;
  /** In words: a preset, or a document. */
  policy: string;
  /** Where that comes from, in words. */
  from: string;
  shadow: string | undefined;
}

const targetPath = (target: string) => `/policies/${encodeURIComponent(target)}`;

const policyItem = ({ target, name, policy, from, shadow }: ShownPolicy): Markup => html`<li class="card item"><div>
<strong>${name}</strong>
<p>${policy} <span class="soft">${from}</span></p>
${shadow === undefined ? '' : html`<p class="soft">Tried beside it: ${shadow}</p>`}
</div>
<a class="button plain" href="${targetPath(target)}" aria-label="Edit the policy of ${name}">Edit</a></li>`;

/** What each connection may call. */
export const policiesPage = (
  policies: ShownPolicy[],
): Markup => html`<p>A policy says which tools a connection may call, how often, and what
has to be asked for. It holds from the next call on.</p>
${list(policies.map(policyItem), 'There are none.')}`;

/** A tool under the policy of a target. */
export interface ShownTool {
  name: string;
  /** Its class of risk, and that in words. */
  risk: string;
  words: string;
  state: string;
}

interface Change {
  at: number;
  by: string;
  mode: string;
  policy: string;
}

interface Policy {
  target: string;
  name: string;
  policy: string;
  from: string;
  presets: { name: string; about: string; isInForce: boolean }[];
  /** The document in force, as it would be edited. */
  document: string;
  shadow: string | undefined;
  tools: ShownTool[];
  states: readonly string[];
  changes: Change[];
  /** The call that was tried, and what would be decided. */
  tried: { tool: string; args: string; decision: string; rule: string; reason: string; counters: string[] } | undefined;
  news: string | undefined;
  complaint: string | undefined;
}

const presetForm = ({ target }: Policy, { name, about, isInForce }: Policy['presets'][number]) => html`<li class="item"><div>
<strong>${name}</strong> <span class="soft">${about}</span></div>
<form method="post" action="${targetPath(target)}/preset"><button class="plain" name="preset" value="${name}"${isInForce ? html` disabled` : ''}>${isInForce ? 'In force' : `Use ${name}`}</button></form></li>`;

const toolRow = (
  { states }: Policy,
  { name, risk, words, state }: ShownTool,
) => html`<li class="item"><label for="tool-${name}"><code>${name}</code>
<span class="soft">${risk}: ${words}</span></label>
<select id="tool-${name}" name="${name}">${states.map(
  (option) =>
    html`<option value="${option}"${option === state ? html` selected` : ''}${option === 'custom' && state !== 'custom' ? html` disabled` : ''}>${option}</option>`,
)}</select></li>`;

const triedCard = ({ tried }: Policy) =>
  tried
    ? html`<div class="note" role="status"><p><strong>${tried.decision}</strong>: ${tried.reason} <span class="soft">(${tried.rule})</span></p>
${tried.counters.map((counter) => html`<p class="soft">${counter}</p>`)}</div>`
    : '';

const changeItem = ({
  at,
  by,
  mode,
  policy,
}: Change): Markup => html`<li class="card"><details><summary>${when(at)} by ${by}${mode === 'shadow' ? ', in shadow' : ''}</summary>
<pre tabindex="0">${policy}</pre></details></li>`;

/** The policy of one target: presets, the document, each tool by itself, a call to try it on, and its history. */
export const policyPage = (facts: Policy): Markup => html`
${facts.news ? html`<p class="note good" role="status">${facts.news}</p>` : ''}
${facts.complaint ? html`<p class="bad" role="alert">${facts.complaint}</p>` : ''}
<p><strong>${facts.name}</strong>: ${facts.policy} <span class="soft">${facts.from}</span></p>
<section class="card" aria-labelledby="presets"><h2 id="presets">Presets</h2>
<ul class="list">${facts.presets.map((preset) => presetForm(facts, preset))}</ul></section>
<form class="card" method="post" action="${targetPath(facts.target)}/tools"><h2>Tools</h2>
<ul class="list tight">${facts.tools.map((tool) => toolRow(facts, tool))}</ul>
<button class="wide">Save the tools</button></form>
<form class="card" method="post" action="${targetPath(facts.target)}/document"><h2>Document</h2>
<label for="document">JSON, version "1"</label>
<textarea id="document" name="document" rows="16" spellcheck="false" required>${facts.document}</textarea>
<div class="row">
  <button name="mode" value="enforce">Enforce</button>
  <button class="plain" name="mode" value="shadow">Only note what it would do</button>
</div>
${facts.shadow === undefined ? '' : html`<p class="soft">Tried in shadow: ${facts.shadow}.</p>`}
</form>
<form class="card" method="post" action="${targetPath(facts.target)}/try"><h2>Try a call</h2>
${triedCard(facts)}
<label for="tool">Tool</label>
<select id="tool" name="tool">${facts.tools.map(({ name }) => html`<option${name === facts.tried?.tool ? html` selected` : ''}>${name}</option>`)}</select>
<label for="args">Arguments as JSON</label>
<textarea id="args" name="args" rows="3" spellcheck="false">${facts.tried?.args ?? '{}'}</textarea>
<button class="wide plain">Which rule decides?</button></form>
<form class="card" method="post" action="${targetPath(facts.target)}/remove"><h2>Take away</h2>
<p>Without a policy of its own, what holds for the account holds here too.</p>
<div class="row"><button class="danger" name="mode" value="enforce">Take the policy away</button>
<button class="danger" name="mode" value="shadow">End the shadow</button></div></form>
<h2>History</h2>
${list(facts.changes.map(changeItem), 'It was never changed.')}
<p><a href="/policies">All policies</a></p>`;
