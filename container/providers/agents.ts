import { z } from 'zod';
import { json } from './values.ts';

/** Others would run code, add servers, or take a barrier away that the run has. */
const FIELDS = ['description', 'prompt', 'tools', 'disallowedTools', 'model', 'effort', 'maxTurns'];

const Definitions = z.record(z.string(), z.record(z.string(), z.unknown()));
type Json = z.output<typeof json>;

const parsed = (value: Json): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

function complaintsOf(value: Json): string[] {
  if (!json.safeParse(value).success) return [];
  const definitions = Definitions.safeParse(parsed(value));
  if (!definitions.success) return ['is no set of subagents: send {name: {description, prompt}}'];
  return Object.entries(definitions.data).flatMap(([name, fields]) =>
    Object.keys(fields)
      .filter((field) => !FIELDS.includes(field))
      .map((field) => `${JSON.stringify(field)} of ${JSON.stringify(name)} is refused: give ${FIELDS.join(', ')} only`),
  );
}

/** Subagents by name, as an object or its JSON text. */
export const agents = json.superRefine((value, context) => {
  for (const message of complaintsOf(value)) context.addIssue({ code: 'custom', message });
});

/** Subagents as text: written anew, so that no other parser reads something else in the text that was given. */
export const agentsText = (value: Json) => JSON.stringify(parsed(value));
