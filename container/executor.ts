import type { Cli } from './clis.ts';
import type { Config } from './config.ts';
import type { Containment } from './containment/contain.ts';
import type { Provider } from './providers/provider.ts';

/** What runs share. */
export interface Executor {
  config: Readonly<Config>;
  /** Tells this state directory from any other. */
  stateId: string;
  providers: Record<string, Provider>;
  /** The CLIs that were found, by provider. */
  clis: Record<string, Cli>;
  containment: Containment;
  /** Accounts of the runs that are being admitted or are going on, by run id. */
  live: Map<string, string>;
  /** When an account was refused last for want of a slot, in ms since 1970. */
  refusedAt: Map<string, number>;
  /** Directories of the sessions that these runs use. */
  busySessions: Set<string>;
  isShuttingDown: boolean;
}
