import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** A scope that a person can select. */
export interface ScopeChoice {
  name: string;
  words: string;
  isSelected: boolean;
}

const scopeChoice = ({ name, words, isSelected }: ScopeChoice) => html`<label class="choice">
  <input type="checkbox" name="scope" value="${name}"${isSelected ? html` checked` : ''}><span>${words} <span class="soft">(${name})</span></span>
</label>`;

/** A checkbox for each scope. */
export const scopeChoices = (legend: string, scopes: ScopeChoice[]): Markup => html`<fieldset>
<legend>${legend}</legend>
${scopes.map(scopeChoice)}
</fieldset>`;
