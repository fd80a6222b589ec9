import { z } from 'zod';
import { providers } from '../../container/providers/index.ts';
import { providerOf } from './risk.ts';

const part = z.string().optional();
const Parts = z.object({ system: part, tools: part, context: part, task: part });
export type PromptParts = z.infer<typeof Parts>;

/** The prompt that prompt parts make together. */
export const joinParts = ({ system, tools, context, task }: PromptParts): string =>
  [system, tools, context, task].filter((text) => text !== undefined && text !== '').join('\n\n');

/**
 * The arguments of a request as a policy judges them. An argument with two spellings stands under both, so that a rule on one spelling
 * also covers the other: `prompt` is present for prompt parts, and synonymous options both have the value.
 */
export function normalizeArgs(tool: string, args: Record<string, unknown>): Record<string, unknown> {
  const provider = providers[providerOf(tool) ?? ''];
  if (!provider) return args;
  const parts = Parts.safeParse(args.promptParts);
  const twice = (provider.synonyms ?? []).flatMap(([one, other]) => {
    const value = args[one] ?? args[other];
    return value === undefined ? [] : [[one, value] as const, [other, value] as const];
  });
  return { ...(parts.success && { prompt: joinParts(parts.data) }), ...args, ...Object.fromEntries(twice) };
}
