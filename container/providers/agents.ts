import { z } from 'zod';
import { parsedJson } from './json.ts';
import { jsonObject } from './values.ts';

/** Fields of a subagent that are allowed. Others would run code, add servers, or disable a safeguard. */
const FIELDS = ['description', 'prompt', 'tools', 'disallowedTools', 'model', 'effort', 'maxTurns'];

const Definitions = z.record(z.string(), z.record(z.string(), z.unknown()));
type Json = z.output<typeof jsonObject>;
type Issue = { path?: PropertyKey[]; message: string };

const parsed = (value: Json): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

function definitionIssues(value: Json, type: z.ZodType): Issue[] {
  if (!jsonObject.safeParse(value).success) return [];
  const definitions = Definitions.safeParse(parsed(value));
  if (!definitions.success) return [{ message: 'not a set of subagents: send {name: {description, prompt}}' }];
  const barred = Object.entries(definitions.data).flatMap(([name, fields]) =>
    Object.keys(fields)
      .filter((field) => !FIELDS.includes(field))
      .map((field) => `${JSON.stringify(field)} of ${JSON.stringify(name)} is not allowed. Allowed: ${FIELDS.join(', ')}`),
  );
  if (barred.length > 0) return barred.map((message) => ({ message }));
  return z.record(z.string(), type).safeParse(definitions.data).error?.issues ?? [];
}

/** What a CLI accepts in a subagent. */
interface AgentValues {
  tools: z.ZodType<string[]>;
  disallowedTools: z.ZodType<string[]>;
  efforts: readonly [string, ...string[]];
}

/** Subagents by name, as an object or its JSON text. */
export function agentsOf({ tools, disallowedTools, efforts }: AgentValues) {
  const type = z.object({
    description: z.string().min(1),
    prompt: z.string().min(1),
    tools: tools.optional(),
    disallowedTools: disallowedTools.optional(),
    model: z.string().min(1).max(200).optional(),
    effort: z.enum(efforts).optional(),
    maxTurns: z.int().min(1).max(10_000).optional(),
  });
  return jsonObject.superRefine((value, context) => {
    for (const issue of definitionIssues(value, type)) context.addIssue({ code: 'custom', ...issue });
  });
}

/** Subagents as text, serialized again so that the CLI's parser cannot read the given text in another way. */
export const agentsText = (value: Json) => JSON.stringify(parsed(value));

const Read = z.record(
  z.string(),
  z.object({
    tools: z.array(z.string()).optional(),
    disallowedTools: z.array(z.string()).optional(),
    model: z.string().optional(),
    effort: z.string().optional(),
    maxTurns: z.number().optional(),
  }),
);

/** The subagents in a checked value of an option, by name. */
export const readAgents = (value: unknown): z.infer<typeof Read> =>
  Read.catch({}).parse(typeof value === 'string' ? parsedJson(value) : value);
