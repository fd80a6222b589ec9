import { z } from 'zod';
import type { ToolCall } from '../account/tool-call.ts';
import type { Scope } from '../caller.ts';
import { ok, type Result, toToolError } from '../errors.ts';
import { RISKS, TOOL_RISKS } from '../policy/risk.ts';
import type { Call } from './call.ts';
import { Envelope, type Part } from './envelope.ts';
import { parseInput } from './input.ts';
import { jsonSchema } from './json-schema.ts';
import { render } from './render.ts';

/** A tool: a declaration. Parsing, rendering, errors and logging happen once, in `callTool`. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  scope: Scope;
  input: z.ZodObject;
  /** Parts of the envelope that it answers with. */
  parts: readonly Part[];
  /** A call whose job is not over in time may answer with a task. */
  becomesTask?: boolean;
  /** The account judges it in one turn with the job that it makes; any other call is judged before it runs. */
  makesJob?: boolean;
  /** Checks the arguments; gives what runs them. */
  read: (args: Record<string, unknown>) => Result<Run>;
}

/** Runs a call whose arguments were checked; `asked` is how the account sees it. */
export type Run = (call: Call, asked: ToolCall) => Promise<Result<ToolAnswer>>;

/** What a tool answers; `ok` follows from `error`. */
export type ToolAnswer = Omit<Envelope, 'ok'>;

/** Declares a tool so that its handler's input has the type of its schema. */
export function tool<I extends z.ZodObject>(
  declaration: Omit<Tool, 'input' | 'read'> & {
    input: I;
    run: (input: z.output<I>, call: Call, asked: ToolCall) => Promise<Result<ToolAnswer>>;
  },
): Tool {
  const { input, run, ...rest } = declaration;
  return {
    ...rest,
    input,
    read: (args) => {
      const parsed = parseInput(input, args);
      return parsed.ok ? ok((call, asked) => run(parsed.value, call, asked)) : parsed;
    },
  };
}

/** A tool as tools/list shows it. */
export type Listing = ReturnType<typeof listing>;

export function listing({ name, title, description, input, parts }: Tool) {
  const shape = Object.fromEntries(parts.map((part) => [part, Envelope.shape[part]]));
  const output = z.object({ ok: Envelope.shape.ok, ...shape, error: Envelope.shape.error });
  return {
    name,
    title,
    description,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: jsonSchema(output, 'output'),
    annotations: RISKS[TOOL_RISKS[name] ?? 'destructive'].hints,
  };
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
