import { z } from 'zod';

const OMITTED = ['propertyNames', 'pattern', 'minLength', 'maxLength', 'maxItems', 'minItems'] as const;

type ObjectSchema = Record<string, unknown> & { type: 'object' };

/**
 * Removes what does not help a model to call the tool: bounds of every safe integer, patterns and lengths of strings. They are
 * checked all the same, and the complaint names them. Output schemas list top-level fields only, because the rest would be a third
 * of tools/list.
 */
function prune(schema: z.core.JSONSchema.BaseSchema, path: (string | number)[], io: 'input' | 'output'): void {
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
  for (const keyword of OMITTED) delete schema[keyword];
}

/** A zod object as JSON Schema 2020-12. */
export function jsonSchema(type: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part, path }) => prune(part, path, io),
  });
  return { ...schema, type: 'object' };
}
