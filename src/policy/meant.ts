import { z } from 'zod';
import { providers } from '../../container/providers/index.ts';
import { providerOf } from './risk.ts';

const part = z.string().optional();
const Parts = z.object({ system: part, tools: part, context: part, task: part });
export type PromptParts = z.infer<typeof Parts>;

/** The prompt that parts make. */
export const joinParts = ({ system, tools, context, task }: PromptParts): string =>
  [system, tools, context, task].filter((text) => text !== undefined && text !== '').join('\n\n');

/**
 * A request's arguments as they are judged: what can be said in two ways stands under both names, so that no condition is
 * got round by the other one. `prompt` is there when parts were given, and of two options of one meaning each has the value.
 */
export function meant(tool: string, args: Record<string, unknown>): Record<string, unknown> {
  const provider = providers[providerOf(tool) ?? ''];
  if (!provider) return args;
  const parts = Parts.safeParse(args.promptParts);
  const twice = (provider.synonyms ?? []).flatMap(([one, other]) => {
    const value = args[one] ?? args[other];
    return value === undefined ? [] : [[one, value] as const, [other, value] as const];
  });
  return { ...(parts.success && { prompt: joinParts(parts.data) }), ...args, ...Object.fromEntries(twice) };
}
