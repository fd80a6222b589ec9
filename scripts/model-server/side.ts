import type { IncomingHttpHeaders } from 'node:http';
import type { Plan } from './plan.ts';
import { type ModelBody, offeredTools, userTexts, type Wire } from './request.ts';

/** The kind of a call that a CLI makes for its own use, or undefined for a main call. */
export function sideCall(
  headers: IncomingHttpHeaders,
  body: ModelBody,
  wire: Wire,
): 'no-tools' | 'title' | 'turn-summary' | undefined {
  const names = offeredTools(body);
  const isLarge = wire === 'anthropic' && (body.max_tokens ?? 0) >= 8192;
  if (names.length === 0 && !isLarge) return 'no-tools';
  if (names.join() === 'session_title') return 'title';
  const isSummary = /^<system-reminder>Write an ultra-short dashboard line/.test(userTexts(body).at(-1) ?? '');
  return isSummary || /^turn-summary-/.test(String(headers['x-grok-conv-id'])) ? 'turn-summary' : undefined;
}

/** The short answer to a side call. */
export const sidePlan = (side: string): Plan =>
  side === 'title'
    ? { tool: { name: 'session_title', input: { session_title: 'Mock session title' } } }
    : { text: 'Mock summary' };
