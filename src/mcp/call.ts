import type { Config } from '../config.ts';

/** What a grant may do. */
export const SCOPES = ['jobs:read', 'jobs:run', 'sessions:write', 'approvals:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who calls: an account, and the grant through which it does. */
export interface Caller {
  account: string;
  grant: string;
  scopes: readonly Scope[];
}

/** What a tool works with beside its input. */
export interface Call {
  caller: Caller;
  env: Env;
  config: Config;
  /** The client said with this request that it takes tasks. */
  takesTasks: boolean;
  /** Aborted when the client no longer waits. */
  signal: AbortSignal;
  /** Shows a sentence to who waits, where the client asked for progress. */
  progress: (message: string) => Promise<void>;
}

/** The job of this caller with an id; a foreign id and an unknown one lead to the same empty object. */
export const jobOf = ({ env, caller }: Call, jobId: string) => env.JOBS.getByName(`${caller.account}/${jobId}`);

export const accountOf = ({ env, caller }: Call) => env.ACCOUNTS.getByName(caller.account);
