/** The permissions that a grant can have. */
export const SCOPES = ['jobs:read', 'jobs:run', 'approvals:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The operator's account. The gateway token and the owner passphrase act for it; the token's grant has the same name. */
export const OWNER = 'owner';

/** An account, and the grant through which a client acts for it. */
export interface Caller {
  account: string;
  grant: string;
  scopes: readonly Scope[];
  /** At consent, its person let the client show its own pending approvals and pass on the decision. */
  showsApprovals?: boolean;
}
