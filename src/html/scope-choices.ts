import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** A scope as a person chooses it. */
export interface ScopeChoice {
  name: string;
  words: string;
  /** Ticked at first. */
  isAsked: boolean;
}

const choice = ({ name, words, isAsked }: ScopeChoice) => html`<label class="choice">
  <input type="checkbox" name="scope" value="${name}"${isAsked ? html` checked` : ''}><span>${words} <span class="soft">(${name})</span></span>
</label>`;

/** Boxes to tick, one for each scope. */
export const scopeChoices = (legend: string, scopes: ScopeChoice[]): Markup => html`<fieldset>
<legend>${legend}</legend>
${scopes.map(choice)}
</fieldset>`;
