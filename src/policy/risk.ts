import { providers } from '../../container/providers/index.ts';
import type { Option } from '../../container/providers/provider.ts';

/** What a tool does to the world, as MCP clients ask it; every hint is required, because an absent one is a silent yes. */
interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** Classes of risk: annotations, presets and pages derive from a tool's class. */
export const RISKS = {
  read: {
    words: 'shows what is there',
    hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  write: {
    words: 'changes what can be changed back',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  execute: {
    words: 'runs an agent, at a cost',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
  destructive: {
    words: 'ends or removes something, or changes what others may do',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  },
} as const satisfies Record<string, { words: string; hints: Hints }>;
export type Risk = keyof typeof RISKS;

type Danger = { path: string } & NonNullable<Option['danger']>;

/** The option values of a provider that take a barrier away, as conditions. */
export const dangersOf = (provider: string): Danger[] =>
  Object.entries(providers[provider]?.options ?? {}).flatMap(([name, { danger }]) =>
    danger ? [{ path: `args.${name}`, ...danger }] : [],
  );
