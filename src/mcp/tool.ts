import { z } from 'zod';
import { providers } from '../../container/providers/index.ts';
import type { Permit } from '../account/permit.ts';
import type { ToolCall } from '../account/tool-call.ts';
import type { Limits } from '../config.ts';
import { ok, type Result, toToolError } from '../errors.ts';
import { RISKS } from '../policy/risk.ts';
import type { KnownTool } from '../policy/tools.ts';
import type { Call } from './call.ts';
import { parseInput } from './input.ts';
import { jsonSchema } from './json-schema.ts';
import { Envelope, type Part } from './result/envelope.ts';
import { maxResultChars } from './result/fit.ts';
import { fitEnvelope } from './result/fit-envelope.ts';
import { render } from './result/render.ts';
import { withTimes } from './result/times.ts';

/** A tool as a declaration. Parsing, permission, errors and logging are the same for all tools: see `perform`. */
export interface Tool extends KnownTool {
  title: string;
  description: string;
  input: z.ZodObject;
  /** Parts of the envelope that it answers with. */
  parts: readonly Part[];
  /** Largest page that its caller may request, in UTF-16 units, if it has such a parameter. */
  maxPageChars?: number;
  /** Longest answer in UTF-16 units, if that is more than clients usually accept. */
  maxChars?: number;
  /** A call whose job is not over in time may be answered with a task. */
  becomesTask?: boolean;
  /** The account decides on the call and makes its job in one turn; any other call is decided before it runs. */
  makesJob?: boolean;
  /** Checks the arguments; returns the function that runs the call. */
  read: (args: Record<string, unknown>) => Result<RunTool>;
}

/** Runs a call whose arguments were checked; `asked` is the call as the account sees it, `permit` what it decided, unless the tool makes a job. */
type RunTool = (call: Call, asked: ToolCall, permit?: Permit) => Promise<Result<ToolAnswer>>;

/** What a tool answers; `ok` follows from `error`. */
export type ToolAnswer = Omit<Envelope, 'ok'>;

/** Declares a tool so that its handler's input has the type of its schema. */
export function tool<I extends z.ZodObject>(
  declaration: Omit<Tool, 'input' | 'read'> & {
    input: I;
    run: (input: z.output<I>, call: Call, asked: ToolCall, permit?: Permit) => Promise<Result<ToolAnswer>>;
  },
): Tool {
  const { input, run, ...rest } = declaration;
  return {
    ...rest,
    input,
    read: (args) => {
      const parsed = parseInput(input, args, providers[rest.provider ?? '']?.misnamed);
      return parsed.ok ? ok((call, asked, permit) => run(parsed.value, call, asked, permit)) : parsed;
    },
  };
}

/** A tool as tools/list shows it. */
export type Listing = ReturnType<typeof listed>;

function listed({ name, title, description, input, parts, risk, maxChars }: Tool) {
  const shape = Object.fromEntries(parts.map((part) => [part, Envelope.shape[part]]));
  const output = z.object({ ok: Envelope.shape.ok, ...shape, error: Envelope.shape.error });
  return {
    name,
    title,
    description,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: jsonSchema(output, 'output'),
    annotations: RISKS[risk].hints,
    // Claude Code writes longer results to a file, and shows its model the start of it.
    ...(maxChars !== undefined && { _meta: { 'anthropic/maxResultSizeChars': maxChars } }),
  };
}

const listings = new WeakMap<Tool, Listing>();

/** The listing of a tool, made once: JSON Schemas cost milliseconds, and each request has a server of its own. */
export function listingOf(tool: Tool): Listing {
  const listing = listings.get(tool) ?? listed(tool);
  listings.set(tool, listing);
  return listing;
}

/** The result of a tool, in the shape of every tool's answer. Beside each time in ms stands the same time in ISO 8601. */
export function envelopeOf(result: Result<ToolAnswer>): Envelope {
  const answer: ToolAnswer = result.ok ? result.value : { error: toToolError(result.failure) };
  // `next` says it already.
  const job = answer.job && { ...answer.job, permitting: undefined };
  return withTimes({ ok: answer.error === undefined, ...answer, job });
}

/** An envelope as MCP carries it, within the bound of an answer; a failure is a result with `isError`. */
export function toolResult(envelope: Envelope, limits: Limits) {
  const max = maxResultChars(limits);
  const fitted = fitEnvelope(envelope, max);
  return {
    content: render(fitted, max).map((text) => ({ type: 'text' as const, text })),
    structuredContent: JSON.parse(JSON.stringify(fitted)),
    isError: !envelope.ok,
  };
}
