import { z } from 'zod';
import { readToolResult, type ToolResult } from './tool-result.ts';

/** The one result that Grok gives of a call that it did not make: refused by a rule, or asked for while nobody can answer. */
const REFUSED = /^(?:Tool `[^`]*` was not executed: |User cancelled the execution for tool )/;

const Output = z.union([
  z.object({ output_for_prompt: z.string() }).transform((output) => output.output_for_prompt),
  z.object({ text: z.string() }).transform((output) => output.text),
  z
    .array(z.object({ content: z.object({ text: z.string() }) }))
    .transform((blocks) => blocks.map(({ content }) => content.text).join('\n')),
]);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Grok puts a tool's raw output as JSON into the text. */
export function readGrokTool(content: unknown): ToolResult {
  const { output: raw } = readToolResult(content);
  const read = Output.safeParse(parsed(raw));
  const output = read.success ? read.data : raw;
  return REFUSED.test(output) ? { output, refusal: output } : { output };
}
