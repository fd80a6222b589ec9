import { cutValue, jsonLength, STEPS } from '../../cut-text.ts';
import type { Envelope } from './envelope.ts';
import { MARGIN_CHARS } from './fit.ts';

/** Parts of an answer that their tools keep within its bound. */
type Paged = 'answer' | 'policies';

/** The answer with the texts and lists of each part cut so that it fits, except for parts that have a size of their own. */
export function fitEnvelope(envelope: Envelope, max: number): Envelope {
  if (jsonLength(envelope) <= max) return envelope;
  const { answer, policies, ...rest }: Envelope = envelope;
  const own: Pick<Envelope, Paged> = { ...(answer && { answer }), ...(policies && { policies }) };
  const room = Math.max(MARGIN_CHARS, max - jsonLength(own));
  for (const step of STEPS) {
    const cut = cutValue(rest, ...step);
    if (jsonLength(cut) <= room) return { ...cut, ...own };
  }
  const { ok, error, next } = cutValue(rest, 100, 5);
  return { ok, ...own, ...(error && { error }), ...(next && { next }) };
}
