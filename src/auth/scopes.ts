import { providerTitles } from '../../container/providers/index.ts';
import { OWNER, SCOPES, type Scope } from '../caller.ts';
import type { ScopeChoice } from '../html/scope-choices.ts';

/** The scopes that clients should request first: those of the gateway's main tools. */
export const BASELINE: readonly Scope[] = ['jobs:read', 'jobs:run'];

/** Each scope in words, for the page that grants it. */
export const SCOPE_WORDS = {
  'jobs:read': 'see your jobs: state, answers, logs and cost',
  'jobs:run': `run ${providerTitles()} for you, at your cost, and cancel or delete jobs`,
  'approvals:write': 'approve or deny calls and steps for you',
  admin: 'administer the gateway: API tokens, policies and diagnostics',
} as const satisfies Record<Scope, string>;

export const isScope = (name: string): name is Scope => SCOPES.some((scope) => scope === name);

/** The scopes that an account can grant. Only the owner can grant `admin`. */
export const grantable = (account: string): readonly Scope[] =>
  account === OWNER ? SCOPES : SCOPES.filter((scope) => scope !== 'admin');

/** Scopes that a person has to select: with them an app acts in the person's place. */
const NEVER_SELECTED: readonly string[] = ['approvals:write', 'admin'] satisfies Scope[];

/** The scopes among the requested ones that an account can grant, as choices for a page. */
export function requestedChoices(account: string, requested: readonly string[]): ScopeChoice[] {
  const selected = requested.filter((name) => !NEVER_SELECTED.includes(name));
  return choicesFor(account, selected).filter(({ name }) => requested.includes(name));
}

/** The scopes that an account can grant, as choices for a page. */
export const choicesFor = (account: string, selected: readonly string[]): ScopeChoice[] =>
  grantable(account).map((name) => ({ name, words: SCOPE_WORDS[name], isSelected: selected.includes(name) }));
