import { z } from 'zod';

const part = z.string().optional();
/** A prompt in parts, in the order in which they are joined. */
export const PromptParts = z.object({ system: part, tools: part, context: part, task: part });

/** The prompt that parts make. */
export const joinParts = ({ system, tools, context, task }: z.infer<typeof PromptParts>): string =>
  [system, tools, context, task].filter((text) => text !== undefined && text !== '').join('\n\n');
