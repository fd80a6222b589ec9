import { z } from 'zod';
import { parsedJson } from '../json.ts';
import { readToolResult, type ToolResult } from '../messages/tool-result.ts';

/** Begins the output of a call that Grok did not make: a rule or an approver denied it, or no approver is available. */
const REFUSAL =
  /^(?:Tool `[^`]*` was not executed: |User (?:cancelled|rejected) the execution |The user elected to avoid running )/;

const Output = z.union([
  z.object({ output_for_prompt: z.string() }).transform((output) => output.output_for_prompt),
  z.object({ text: z.string() }).transform((output) => output.text),
  z
    .array(z.object({ content: z.object({ text: z.string() }) }))
    .transform((blocks) => blocks.map(({ content }) => content.text).join('\n')),
]);

const resultOf = (output: string): ToolResult => (REFUSAL.test(output) ? { output, refusal: output } : { output });

/** Reads the output of a tool in print mode, whose text is the raw output as JSON. */
export function readGrokTool(content: unknown): ToolResult {
  const { output: raw } = readToolResult(content);
  const read = Output.safeParse(parsedJson(raw));
  return resultOf(read.success ? read.data : raw);
}

/** Reads the output of a tool in agent mode, which reports the raw output and the content to show. */
export function readAgentTool(rawOutput: unknown, content: unknown): ToolResult {
  const [raw, shown] = [Output.safeParse(rawOutput), Output.safeParse(content)];
  return resultOf(raw.data ?? shown.data ?? (rawOutput === undefined ? '' : JSON.stringify(rawOutput)));
}
