import { OWNER, SCOPES, type Scope } from '../caller.ts';

/** What a client is told to ask for first: what the gateway's main tools need. */
export const BASELINE: readonly Scope[] = ['jobs:read', 'jobs:run'];

/** Each scope as a person reads it. */
export const SCOPE_WORDS = {
  'jobs:read': 'see your jobs: their state, answers, logs and cost',
  'jobs:run': 'run Claude Code and Grok for you, at your cost, and cancel or delete jobs',
  'approvals:write': 'answer in your place when a run asks for approval',
  admin: 'administer the gateway: API tokens, policies and diagnosis',
} as const satisfies Record<Scope, string>;

/** True for the name of a scope. */
export const isScope = (name: string): name is Scope => SCOPES.some((scope) => scope === name);

/** What an account may grant: only the owner administers the gateway. */
export const grantable = (account: string): readonly Scope[] =>
  account === OWNER ? SCOPES : SCOPES.filter((scope) => scope !== 'admin');
