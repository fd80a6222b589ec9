import { z } from 'zod';
import { type Failure, fail, type Result, toToolError } from '../errors.ts';
import type { Call, Scope } from './call.ts';
import { Envelope, type Part } from './envelope.ts';
import { parseInput } from './input.ts';
import { jsonSchema } from './json-schema.ts';
import { render } from './render.ts';

/** What a tool does to the world, as MCP clients ask it; every hint is required, because an absent one is a silent yes. */
interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** A tool: a declaration. Parsing, rendering, errors and logging happen once, in `callTool`. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  scope: Scope;
  hints: Hints;
  input: z.ZodObject;
  /** Parts of the envelope that it answers with. */
  parts: readonly Part[];
  /** A call whose job is not over in time may answer with a task. */
  becomesTask?: boolean;
  run: (args: Record<string, unknown>, call: Call) => Promise<Result<ToolAnswer>>;
}

/** What a tool answers; `ok` follows from `error`. */
export type ToolAnswer = Omit<Envelope, 'ok'>;

/** Declares a tool so that its handler's input has the type of its schema. */
export function tool<I extends z.ZodObject>(
  declaration: Omit<Tool, 'input' | 'run'> & { input: I; run: (input: z.output<I>, call: Call) => Promise<Result<ToolAnswer>> },
): Tool {
  const { input, run, ...rest } = declaration;
  return {
    ...rest,
    input,
    run: async (args, call) => {
      const parsed = parseInput(input, args);
      return parsed.ok ? run(parsed.value, call) : parsed;
    },
  };
}

/** What kind of thing a tool does, with its hints. */
export const HINTS = {
  read: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  execute: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  end: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
} as const satisfies Record<string, Hints>;

/** A tool as tools/list shows it. */
export type Listing = ReturnType<typeof listing>;

export function listing({ name, title, description, hints, input, parts }: Tool) {
  const shape = Object.fromEntries(parts.map((part) => [part, Envelope.shape[part]]));
  const output = z.object({ ok: Envelope.shape.ok, ...shape, error: Envelope.shape.error });
  return {
    name,
    title,
    description,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: jsonSchema(output, 'output'),
    annotations: hints,
  };
}

/** A failure of our own: the caller gets a number to quote, the log gets the error. */
function incident(tool: string, error: unknown): Failure {
  const id = crypto.randomUUID().slice(0, 8);
  console.error(
    JSON.stringify({ incident: id, tool, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  return { code: 'internal', incident: id };
}

/** Runs a tool: its answer, or its failure. */
export async function callTool(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Envelope> {
  return envelopeOf(await tool.run(args, call).catch((error: unknown) => fail(incident(tool.name, error))));
}

/** What a tool found out, in the shape that all tools answer with. */
export function envelopeOf(result: Result<ToolAnswer>): Envelope {
  const answer: ToolAnswer = result.ok ? result.value : { error: toToolError(result.failure) };
  return { ok: answer.error === undefined, ...answer };
}

/** An envelope as MCP carries it; a failure is a result with `isError`. */
export function toolResult(envelope: Envelope) {
  return {
    content: render(envelope).map((text) => ({ type: 'text' as const, text })),
    structuredContent: JSON.parse(JSON.stringify(envelope)),
    isError: !envelope.ok,
  };
}
