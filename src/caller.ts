/** What a grant may do. */
export const SCOPES = ['jobs:read', 'jobs:run', 'approvals:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The account, and the grant, of the gateway token; the account of the owner passphrase. */
export const OWNER = 'owner';

/** An account, and the grant through which a client acts for it. */
export interface Caller {
  account: string;
  grant: string;
  scopes: readonly Scope[];
}
