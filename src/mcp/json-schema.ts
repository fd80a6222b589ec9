import { z } from 'zod';

type ObjectSchema = Record<string, unknown> & { type: 'object' };

/**
 * Keywords that are left out, because a model's service refuses the tool for them (Gemini: const, format, exclusive bounds,
 * additionalProperties) or because they do not help a model to call it. They are checked all the same, and the complaint names them.
 */
const OMITTED = [
  ...['additionalProperties', 'const', 'exclusiveMaximum', 'exclusiveMinimum', 'format'],
  ...['propertyNames', 'pattern', 'minLength', 'maxLength', 'maxItems', 'minItems'],
] as const;

/** Prepares a part of a schema for tools/list. Output schemas list top-level fields only, because the rest would be a third of it. */
function prune(schema: z.core.JSONSchema.BaseSchema, path: (string | number)[], io: 'input' | 'output'): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (typeof schema.const === 'string') schema.enum = [schema.const];
  if (typeof schema.exclusiveMinimum === 'number') schema.minimum = schema.exclusiveMinimum;
  if (io === 'output') {
    delete schema.enum;
    if (path.length > 0) {
      delete schema.properties;
      delete schema.required;
    }
  }
  for (const keyword of OMITTED) delete schema[keyword];
}

/** A value of several types as a choice between them, because Gemini refuses a list of types. */
function splitTypes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !Array.isArray(value.type)) return value;
  const { type: types, ...rest } = value;
  return { ...rest, anyOf: types.map((type: unknown) => ({ type })) };
}

/** A zod object as JSON Schema, in the keywords that every client and model service accepts. */
export function jsonSchema(type: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part, path }) => prune(part, path, io),
  });
  return { ...JSON.parse(JSON.stringify(schema), splitTypes), type: 'object' };
}
