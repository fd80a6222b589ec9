import type { Cli } from './clis.ts';
import type { ExecutorConfig } from './config.ts';
import type { Containment } from './containment/containment.ts';
import type { Provider } from './providers/provider.ts';
import type { Watchdog } from './run/watchdog.ts';

/** State that all runs of this process share. */
export interface Executor {
  config: ExecutorConfig;
  /** Id of the state directory. */
  stateId: string;
  providers: Record<string, Provider>;
  /** The installed CLIs, by provider. */
  clis: Record<string, Cli>;
  containment: Containment;
  /** The time in ms since 1970. */
  now: () => number;
  watchdog: Watchdog;
  /** Account of each run that is starting or running, by run id. */
  live: Map<string, string>;
  /** Time of each account's last refusal for lack of a slot, in ms since 1970. */
  refusedAt: Map<string, number>;
  /** Directories of the sessions in use. */
  busySessions: Set<string>;
  /** Ids of runs whose files could not be recovered and were moved away. */
  quarantined: Set<string>;
  isShuttingDown: boolean;
}
