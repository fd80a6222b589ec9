import { providers } from '../../container/providers/index.ts';
import { joinParts, PromptParts } from '../prompt-parts.ts';
import { toolNamed } from './tools.ts';

/**
 * The arguments of a request as a policy judges them. An argument with two spellings stands under both, so that a rule on one spelling
 * also covers the other: `prompt` is present for prompt parts, and synonymous options both have the value.
 */
export function normalizeArgs(tool: string, args: Record<string, unknown>): Record<string, unknown> {
  const provider = providers[toolNamed(tool)?.provider ?? ''];
  if (!provider) return args;
  const parts = PromptParts.safeParse(args.promptParts);
  const twice = (provider.synonyms ?? []).flatMap(([one, other]) => {
    const value = args[one] ?? args[other];
    return value === undefined ? [] : [[one, value] as const, [other, value] as const];
  });
  return { ...(parts.success && { prompt: joinParts(parts.data) }), ...args, ...Object.fromEntries(twice) };
}
