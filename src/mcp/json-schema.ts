import { z } from 'zod';

const UNTOLD = ['propertyNames', 'pattern', 'minLength', 'maxLength', 'maxItems', 'minItems'] as const;

type ObjectSchema = Record<string, unknown> & { type: 'object' };

/**
 * Takes out what does not help a model to call the tool: the bounds of every safe integer, patterns and lengths of texts. They are
 * checked all the same, and the complaint names them. An output tells its parts and no more: what is inside them would be a third of
 * tools/list.
 */
function quiet(schema: z.core.JSONSchema.BaseSchema, path: (string | number)[], io: 'input' | 'output'): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (io === 'output') {
    delete schema.additionalProperties;
    delete schema.enum;
  }
  if (io === 'output' && path.length > 0) {
    delete schema.properties;
    delete schema.required;
  }
  for (const keyword of UNTOLD) delete schema[keyword];
}

const cache = new WeakMap<z.ZodObject, ObjectSchema>();

/** A zod object as JSON Schema 2020-12. Converted once per type: that costs milliseconds, and each request has a server of its own. */
export function jsonSchema(type: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const known = cache.get(type);
  if (known) return known;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part, path }) => quiet(part, path, io),
  });
  const converted: ObjectSchema = { ...schema, type: 'object' };
  cache.set(type, converted);
  return converted;
}
