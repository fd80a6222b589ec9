import { z } from 'zod';
import { jsonObject } from './values.ts';

/** Fields of a subagent that are allowed. Others would run code, add servers, or disable a safeguard. */
const FIELDS = ['description', 'prompt', 'tools', 'disallowedTools', 'model', 'effort', 'maxTurns'];

const Definitions = z.record(z.string(), z.record(z.string(), z.unknown()));
type Json = z.output<typeof jsonObject>;

const parsed = (value: Json): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

function definitionIssues(value: Json): string[] {
  if (!jsonObject.safeParse(value).success) return [];
  const definitions = Definitions.safeParse(parsed(value));
  if (!definitions.success) return ['not a set of subagents: send {name: {description, prompt}}'];
  return Object.entries(definitions.data).flatMap(([name, fields]) =>
    Object.keys(fields)
      .filter((field) => !FIELDS.includes(field))
      .map((field) => `${JSON.stringify(field)} of ${JSON.stringify(name)} is not allowed. Allowed: ${FIELDS.join(', ')}`),
  );
}

/** Subagents by name, as an object or its JSON text. */
export const agents = jsonObject.superRefine((value, context) => {
  for (const message of definitionIssues(value)) context.addIssue({ code: 'custom', message });
});

/** Subagents as text, serialized again so that the CLI's parser cannot read the given text in another way. */
export const agentsText = (value: Json) => JSON.stringify(parsed(value));
