import { providers } from '../../container/providers/index.ts';
import type { Option } from '../../container/providers/provider.ts';

/** MCP's hints about what a tool does. All are required, because clients assume the worst of an absent one. */
interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** Risks of tools. Annotations, presets and pages derive from them. */
export const RISKS = {
  read: {
    words: 'only reads',
    hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  write: {
    words: 'makes a reversible change',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  execute: {
    words: 'runs an agent, at a cost',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
  destructive: {
    words: 'ends or removes something, or changes permissions',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  },
} as const satisfies Record<string, { words: string; hints: Hints }>;
export type Risk = keyof typeof RISKS;

type DangerCondition = { path: string } & NonNullable<Option['danger']>;

/** A provider's option values that disable a safeguard, as conditions. */
export const dangersOf = (provider: string): DangerCondition[] =>
  Object.entries(providers[provider]?.options ?? {}).flatMap(([name, { danger }]) =>
    danger ? [{ path: `args.${name}`, ...danger }] : [],
  );
