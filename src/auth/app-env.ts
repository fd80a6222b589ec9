import type { Context } from 'hono';
import type { Config } from '../config.ts';

/** The person who is signed in with a browser. */
export interface Person {
  account: string;
  /** How pages show the person. */
  label: string;
}

interface RouteVariables {
  config: Config;
  /** The exact URL of /mcp at the host of this request. */
  resource: string;
}

/** What every route of the gateway's own host works with. */
export interface AppEnv {
  Bindings: Env;
  Variables: RouteVariables & { person?: Person };
}

/** The context of any route. */
export type AppContext = Omit<Context<AppEnv>, 'set'>;

/** What a route behind `requireSignIn` works with. */
export interface SignedInEnv {
  Bindings: Env;
  Variables: RouteVariables & { person: Person };
}
