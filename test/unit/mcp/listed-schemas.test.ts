import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { listingOf } from '../../../src/mcp/tool.ts';
import { toolsFor } from '../../../src/mcp/tools/index.ts';

type Node = Record<string, unknown>;

interface Subset {
  /** Where the service says what it accepts. */
  source: string;
  keywords: string[];
  types: string[];
  /** Every enum lists texts only. */
  hasTextEnums: boolean;
  maxDepth: number;
}

const COMMON = ['type', 'description', 'enum', 'properties', 'required', 'items', 'anyOf', 'minimum', 'maximum', 'default'];
const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

/** What the function calling of a service accepts in a tool's parameters, as far as a listed schema could use it. */
const SUBSETS: Record<string, Subset> = {
  'OpenAI function calling': {
    source: 'platform.openai.com/docs/guides/structured-outputs#supported-schemas',
    keywords: [...COMMON, 'pattern', 'format', 'multipleOf', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems'],
    types: TYPES,
    hasTextEnums: false,
    maxDepth: 10,
  },
  'JSON Schema draft-07': {
    source: 'json-schema.org/draft-07/schema',
    keywords: [
      ...[...COMMON, 'title', 'const', 'format', 'pattern', 'minLength', 'maxLength', 'multipleOf', 'exclusiveMinimum'],
      ...['exclusiveMaximum', 'minItems', 'maxItems', 'uniqueItems', 'additionalProperties', 'propertyNames', 'allOf', 'oneOf'],
    ],
    types: TYPES,
    hasTextEnums: false,
    maxDepth: 32,
  },
  Gemini: {
    source: 'ai.google.dev/api/caching#Schema; format is enum or date-time only, so it is left out here',
    keywords: [...COMMON, 'title', 'nullable', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'propertyOrdering'],
    types: TYPES,
    hasTextEnums: true,
    maxDepth: 32,
  },
};

/** The subset that output schemas are held to; model services never see them. */
const DRAFT_07 = SUBSETS['JSON Schema draft-07'] ?? expect.fail();

const listings = [...toolsFor(readConfig({}).limits).values()].map(listingOf);

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schemas directly below a schema. */
function below({ properties, items, anyOf }: Node): Node[] {
  const named = isNode(properties) ? Object.values(properties) : [];
  return [...named, items, ...(Array.isArray(anyOf) ? anyOf : [])].filter(isNode);
}

/** What of a schema is outside a subset. */
function outside(schema: Node, subset: Subset, depth = 0): string[] {
  const { type, enum: values } = schema;
  const wrong = [
    ...Object.keys(schema).filter((keyword) => !subset.keywords.includes(keyword)),
    ...(type === undefined || (typeof type === 'string' && subset.types.includes(type)) ? [] : [`type ${JSON.stringify(type)}`]),
    ...(type === 'array' && !isNode(schema.items) ? ['array without items'] : []),
    ...(subset.hasTextEnums && Array.isArray(values) && values.some((value) => typeof value !== 'string') ? ['enum'] : []),
    ...(depth > subset.maxDepth ? ['depth'] : []),
  ];
  return [...wrong, ...below(schema).flatMap((part) => outside(part, subset, depth + 1))];
}

/** Names of functions and parameters that both services accept. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

test.each(Object.entries(SUBSETS))('%s accepts the parameters of every tool', (_service, subset) => {
  const wrong = listings.flatMap(({ name, inputSchema }) => outside(inputSchema, subset).map((what) => `${name}: ${what}`));
  expect(wrong).toEqual([]);
  expect(listings.filter(({ inputSchema }) => inputSchema.type !== 'object' || !isNode(inputSchema.properties))).toEqual([]);
  const names = listings.flatMap(({ name, inputSchema }) => [name, ...Object.keys(Object(inputSchema.properties))]);
  expect(names.filter((name) => !NAME.test(name))).toEqual([]);
});

test('an answer is described in draft-07', () => {
  expect(listings.flatMap(({ outputSchema }) => outside(outputSchema, DRAFT_07))).toEqual([]);
});

test('a bound, a text and a choice stay in the list, as words that every service has', () => {
  const { inputSchema } = listings.find(({ name }) => name.endsWith('_request')) ?? expect.fail();
  expect(inputSchema).toMatchObject({
    properties: {
      maxBudgetUsd: { type: 'number', minimum: 0, maximum: 10_000 },
      sessionId: { type: 'string' },
      effort: { type: 'string', enum: expect.arrayContaining(['low']) },
    },
  });
});
