import { z } from 'zod';

type ObjectSchema = Record<string, unknown> & { type: 'object' };

/** Keywords that zod writes and that say nothing: the bounds of every safe integer, and that any key is a string. */
function quiet(schema: z.core.JSONSchema.BaseSchema, io: 'input' | 'output'): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (io === 'output') delete schema.additionalProperties;
  delete schema.propertyNames;
}

const cache = new WeakMap<z.ZodObject, ObjectSchema>();

/** A zod object as JSON Schema 2020-12. Converted once per type: that costs milliseconds, and each request has a server of its own. */
export function jsonSchema(type: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const known = cache.get(type);
  if (known) return known;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part }) => quiet(part, io),
  });
  const converted: ObjectSchema = { ...schema, type: 'object' };
  cache.set(type, converted);
  return converted;
}
