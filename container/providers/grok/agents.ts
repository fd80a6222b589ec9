import type { z } from 'zod';
import { agentsText } from '../agents.ts';
import { parsedJson } from '../json.ts';
import type { jsonObject } from '../values.ts';
import { idsOf } from './tools.ts';

/** The agents that can answer in print mode, with the ids of their tools; null for all. Grok ignores other names, also those of `agents`. */
export const AGENTS: Record<string, readonly string[] | null> = {
  'general-purpose': null,
  explore: ['read_file', 'list_dir', 'grep', 'web_search', 'enter_plan_mode', 'exit_plan_mode'],
  plan: ['read_file', 'list_dir', 'grep', 'todo_write', 'web_search', 'enter_plan_mode', 'exit_plan_mode'],
};

const LISTS = ['tools', 'disallowedTools'];

/** Subagents as text, with the ids of their tools: Grok ignores the name that the model sees for its shell. */
export function agentsArgument(given: z.output<typeof jsonObject>): string {
  const withIds = (key: string, value: unknown) => (LISTS.includes(key) && Array.isArray(value) ? idsOf(value) : value);
  return JSON.stringify(parsedJson(agentsText(given)), withIds);
}
