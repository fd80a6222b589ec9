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

/** The tools that run a provider's CLI. */
export const requestToolsOf = (provider: string): [waits: string, starts: string] => [
  `${provider}_request`,
  `${provider}_request_async`,
];

/** The provider whose CLI a tool runs; undefined for any other tool. */
export const providerOf = (tool: string): string | undefined =>
  Object.keys(providers).find((id) => requestToolsOf(id).includes(tool));

const requests = Object.keys(providers).flatMap(requestToolsOf);

/** The class of every tool. */
export const TOOL_RISKS: Readonly<Record<string, Risk>> = {
  ...Object.fromEntries(requests.map((name) => [name, 'execute' as const])),
  llm_job_status: 'read',
  llm_job_watch: 'read',
  llm_job_result: 'read',
  llm_job_cancel: 'destructive',
  llm_job_delete: 'destructive',
  llm_job_list: 'read',
  list_models: 'read',
  llm_process_health: 'read',
  approval_list: 'read',
  approval_decide: 'write',
  policy_get: 'read',
  policy_test: 'read',
  policy_set: 'destructive',
  audit_list: 'read',
};

/** Calls of the API of tokens, which is no tool; policies and the audit log know them by these names. */
export const TOKEN_CALLS = ['token_create', 'token_list', 'token_revoke'] as const;

type Danger = { path: string } & NonNullable<Option['danger']>;

/** The option values of a provider that take a barrier away, as conditions. */
export const dangersOf = (provider: string): Danger[] =>
  Object.entries(providers[provider]?.options ?? {}).flatMap(([name, { danger }]) =>
    danger ? [{ path: `args.${name}`, ...danger }] : [],
  );
