import type { Caller } from '../caller.ts';
import type { Config } from '../config.ts';
import { accountOf, jobName, jobOf } from '../objects.ts';

/** The client of a call, as it describes itself with every request. */
export interface CallingClient {
  /** Name and version. Nothing verifies them. */
  name: string;
  /** The client accepts a task in place of a result. */
  supportsTasks: boolean;
  /** The client shows forms to the person behind it. */
  supportsForms: boolean;
  /** Aborted when the client no longer waits. */
  signal: AbortSignal;
  /** Whether the client is still there to receive the answer. May take a quarter of a second. */
  isListening: () => Promise<boolean>;
  /** Sends a progress message, if the client asked for progress. */
  progress: (message: string) => Promise<void>;
}

/** What a tool works with besides its input. */
export interface Call {
  caller: Caller;
  env: Env;
  config: Config;
  /** Where the gateway's pages are. */
  origin: string;
  client: CallingClient;
  /** The job that an earlier round of this call began, before an approval was requested in the client. */
  resumes?: string | undefined;
}

/** The caller's job with an id; an empty object for an id that is foreign or unknown. */
export const ownJob = ({ env, caller }: Call, id: string) => jobOf(env, jobName({ account: caller.account, id }));

export const ownAccount = ({ env, caller }: Call) => accountOf(env, caller);
