import type { Context } from 'hono';
import type { AppEnv } from '../auth/app-env.ts';
import type { Person } from '../auth/sign-in/browser-session.ts';
import { SCOPES } from '../caller.ts';
import type { Call } from '../mcp/call.ts';

/** A person in a browser as a caller: what they decide is done in their account. */
export const personCall = (c: Context<AppEnv>, { account, label }: Person): Call => ({
  caller: { account, grant: `person: ${label}`, scopes: SCOPES },
  env: c.env,
  config: c.var.config,
  client: 'a browser',
  origin: new URL(c.var.resource).origin,
  takesTasks: false,
  elicits: false,
  signal: c.req.raw.signal,
  progress: async () => {},
});
