import { z } from 'zod';

/** The whole output of a tool. */
export interface ToolResult {
  output: string;
  /** The CLI's reason for a call that it did not make; undefined if another line reports that. */
  refusal?: string;
}

const Content = z.union([
  z.string(),
  z
    .array(z.union([z.object({ text: z.string() }).transform(({ text }) => text), z.unknown().transform(() => '')]))
    .transform((parts) => parts.join('')),
]);

/** Reads the text of a tool_result's content. Images and other blocks have none. */
export function readToolResult(content: unknown): ToolResult {
  const read = Content.safeParse(content);
  return { output: read.success ? read.data : '' };
}
