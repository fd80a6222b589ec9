import { z } from 'zod';

/** What a tool gave back, in full. */
export interface ToolResult {
  output: string;
  /** What the CLI says about a call that it did not make; absent where that is told otherwise. */
  refusal?: string;
}

const Content = z.union([
  z.string(),
  z
    .array(z.union([z.object({ text: z.string() }).transform(({ text }) => text), z.unknown().transform(() => '')]))
    .transform((parts) => parts.join('')),
]);

/** The text of a tool_result's content; images and the like have none. */
export function readToolResult(content: unknown): ToolResult {
  const read = Content.safeParse(content);
  return { output: read.success ? read.data : '' };
}
