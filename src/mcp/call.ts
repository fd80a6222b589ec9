import type { Caller } from '../caller.ts';
import type { Config } from '../config.ts';
import { accountOf, jobName, jobOf } from '../objects.ts';

/** What a tool works with beside its input. */
export interface Call {
  caller: Caller;
  env: Env;
  config: Config;
  /** What the client calls itself; nobody checked it. */
  client: string;
  /** Where the gateway's pages are. */
  origin: string;
  /** The client said with this request that it takes tasks. */
  takesTasks: boolean;
  /** The same of questions, which it shows to its person. */
  elicits: boolean;
  /** The job that this call began, when it is made again with an answer. */
  resumes?: string | undefined;
  /** Aborted when the client no longer waits. */
  signal: AbortSignal;
  /** Shows a sentence to who waits, where the client asked for progress. */
  progress: (message: string) => Promise<void>;
}

/** The caller's job with an id; empty for an id that is foreign or unknown. */
export const ownJob = ({ env, caller }: Call, id: string) => jobOf(env, jobName({ account: caller.account, id }));

export const ownAccount = ({ env, caller }: Call) => accountOf(env, caller);
