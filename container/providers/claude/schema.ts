import type { z } from 'zod';
import type { jsonObject } from '../values.ts';

/** Keywords whose values are data instead of schemas. */
const DATA = new Set(['const', 'default', 'enum', 'examples']);

/** Copies a value without the texts of `$schema` in it. */
function stripDialect(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripDialect);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== '$schema' || typeof inner !== 'string');
  return Object.fromEntries(kept.map(([key, inner]) => [key, DATA.has(key) ? inner : stripDialect(inner)]));
}

/** A JSON Schema as text without `$schema`: Claude Code fails if it names a dialect that the CLI does not have, and knows what to do without. */
export const plainSchema = (schema: z.output<typeof jsonObject>): string =>
  JSON.stringify(stripDialect(typeof schema === 'string' ? JSON.parse(schema) : schema));
