import type { Config } from '../config.ts';

/** What every route of the front door has at hand. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    config: Config;
    /** The exact URL of /mcp at the host of this request. */
    resource: string;
  };
}
