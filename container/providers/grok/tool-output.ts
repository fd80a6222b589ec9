import { z } from 'zod';
import { parsedJson } from '../json.ts';
import { readToolResult, type ToolResult } from '../messages/tool-result.ts';

/** The one result that Grok gives of a call that it did not make: refused by a rule or a person, or asked for while nobody can answer. */
const REFUSED =
  /^(?:Tool `[^`]*` was not executed: |User (?:cancelled|rejected) the execution |The user elected to avoid running )/;

const Output = z.union([
  z.object({ output_for_prompt: z.string() }).transform((output) => output.output_for_prompt),
  z.object({ text: z.string() }).transform((output) => output.text),
  z
    .array(z.object({ content: z.object({ text: z.string() }) }))
    .transform((blocks) => blocks.map(({ content }) => content.text).join('\n')),
]);

const resultOf = (output: string): ToolResult => (REFUSED.test(output) ? { output, refusal: output } : { output });

/** Print mode puts a tool's raw output as JSON into the text. */
export function readGrokTool(content: unknown): ToolResult {
  const { output: raw } = readToolResult(content);
  const read = Output.safeParse(parsedJson(raw));
  return resultOf(read.success ? read.data : raw);
}

/** Agent mode gives a tool's raw output, and what a person is shown of it. */
export function readAgentTool(rawOutput: unknown, content: unknown): ToolResult {
  const [told, shown] = [Output.safeParse(rawOutput), Output.safeParse(content)];
  return resultOf(told.data ?? shown.data ?? (rawOutput === undefined ? '' : JSON.stringify(rawOutput)));
}
