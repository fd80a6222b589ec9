import { html } from 'hono/html';
import type { Markup } from './frame.ts';

/** One paragraph about what went wrong and what to do next. */
export const problemPage = (text: string): Markup => html`<div class="card"><p>${text}</p></div>`;
