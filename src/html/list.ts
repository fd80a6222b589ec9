import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** A list without bullets, or the sentence `empty`. */
export const itemList = (items: Markup[], empty: string): Markup =>
  items.length === 0 ? html`<p class="soft">${empty}</p>` : html`<ul class="list">${items}</ul>`;
