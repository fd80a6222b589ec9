import { z } from 'zod';
import { DEFAULT_TARGET } from '../../account/tables/policies.ts';
import { OWNER } from '../../caller.ts';
import { accessOf } from '../../objects.ts';
import type { AppContext } from '../app-env.ts';
import { isScope } from '../scopes.ts';
import { oauthServer } from './server.ts';

/** A client that may act for an account. Times in ms. */
export interface ShownGrant {
  id: string;
  client: string;
  /** The domain that publishes the client, or the host that its access goes to. */
  host: string;
  isVerified: boolean;
  scopes: readonly string[];
  createdAt: number;
  expiresAt: number | undefined;
}

/** What consent stores with a grant. */
const Metadata = z.object({ client: z.string(), host: z.string(), isVerified: z.boolean() });
const UNKNOWN = { client: 'Unknown app', host: '', isVerified: false } as const;

const MAX_GRANTS = 200;

/** The clients that may act for an account. */
export async function oauthGrants(c: AppContext, account: string): Promise<ShownGrant[]> {
  const { items } = await oauthServer(c.var.resource).getOAuthApi(c.env).listUserGrants(account, { limit: MAX_GRANTS });
  return items.map(({ id, scope, createdAt, expiresAt, metadata }) => ({
    id,
    ...(Metadata.safeParse(metadata).data ?? UNKNOWN),
    scopes: scope.filter(isScope),
    createdAt: createdAt * 1_000,
    expiresAt: expiresAt && expiresAt * 1_000,
  }));
}

/** A grant by the id that policies and the audit log use. */
export interface GrantName {
  id: string;
  name: string;
}

/** Everything that a policy can be set for in an account, the account's default first. */
export async function grantNames(c: AppContext, account: string): Promise<GrantName[]> {
  const [apps, tokens] = await Promise.all([oauthGrants(c, account), accessOf(c.env, { account }).tokens()]);
  return [
    { id: DEFAULT_TARGET, name: 'All connections without their own policy' },
    ...(account === OWNER ? [{ id: OWNER, name: 'The gateway token' }] : []),
    ...apps.map(({ id, client }) => ({ id, name: client })),
    ...tokens.map(({ id, name }) => ({ id: `token_${id}`, name: `API token ${name}` })),
  ];
}

/** The name of a grant, or its id if it was revoked. */
export const grantNameOf = (grants: GrantName[], id: string): string => grants.find((grant) => grant.id === id)?.name ?? id;
