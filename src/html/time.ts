import { html } from 'hono/html';
import { isoTime } from '../clock.ts';
import type { Markup } from './frame.ts';

/** A time in ms since 1970 as a date and time of day in UTC. */
export function formatTime(ms: number): Markup {
  const iso = isoTime(ms);
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}
