import { z } from 'zod';
import { DEFAULT_TARGET } from '../../account/tables/policies.ts';
import { OWNER } from '../../caller.ts';
import { accessOf } from '../../objects.ts';
import type { AppContext } from '../app-env.ts';
import { isScope } from '../scopes.ts';
import { oauthServer } from './server.ts';

/** A client that was allowed to act for the account. Times in ms. */
export interface ShownGrant {
  id: string;
  client: string;
  /** Where the client is published, or where its access goes. */
  host: string;
  isVerified: boolean;
  scopes: readonly string[];
  createdAt: number;
  expiresAt: number | undefined;
}

/** What consent notes beside a grant. */
const Metadata = z.object({ client: z.string(), host: z.string(), isVerified: z.boolean() });
const UNKNOWN = { client: 'Unknown app', host: '', isVerified: false } as const;

const MOST_GRANTS = 200;

/** The apps that were allowed to act for an account. */
export async function oauthGrants(c: AppContext, account: string): Promise<ShownGrant[]> {
  const { items } = await oauthServer(c.var.resource).getOAuthApi(c.env).listUserGrants(account, { limit: MOST_GRANTS });
  return items.map(({ id, scope, createdAt, expiresAt, metadata }) => ({
    id,
    ...(Metadata.safeParse(metadata).data ?? UNKNOWN),
    scopes: scope.filter(isScope),
    createdAt: createdAt * 1_000,
    expiresAt: expiresAt && expiresAt * 1_000,
  }));
}

/** What may act for an account, by the id that policies and the audit log know it by. */
export interface GrantName {
  id: string;
  name: string;
}

/** Everything of an account that a policy can be set for, the account's default first. */
export async function grantNames(c: AppContext, account: string): Promise<GrantName[]> {
  const [apps, tokens] = await Promise.all([oauthGrants(c, account), accessOf(c.env, { account }).tokens()]);
  return [
    { id: DEFAULT_TARGET, name: 'Every connection without a policy of its own' },
    ...(account === OWNER ? [{ id: OWNER, name: 'The gateway token' }] : []),
    ...apps.map(({ id, client }) => ({ id, name: client })),
    ...tokens.map(({ id, name }) => ({ id: `token_${id}`, name: `API token ${name}` })),
  ];
}

/** The name of a grant as a person knows it; its id where it is gone. */
export const nameOf = (grants: GrantName[], id: string): string => grants.find((grant) => grant.id === id)?.name ?? id;
