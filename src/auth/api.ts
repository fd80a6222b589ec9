import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { withDigest } from '../account/tool-call.ts';
import type { Caller } from '../caller.ts';
import { type Failure, type Result, toHttpError } from '../errors.ts';
import { accountOf } from '../objects.ts';
import type { API_CALLS } from '../policy/tools.ts';
import type { AppEnv } from './app-env.ts';
import { bearerCaller } from './bearer.ts';
import { insufficientScope, unauthorized } from './challenge.ts';
import { limitFormBody, rateLimitByIp } from './middleware.ts';

/** A call of the API: its caller, its JSON body, and the last part of its path. */
interface ApiCall {
  env: Env;
  caller: Caller;
  body: Record<string, unknown>;
  id: string;
}

/** A method of the API, with its name in policies and in the audit log. */
export interface ApiMethod {
  tool: (typeof API_CALLS)[number];
  /** What the policy and the audit log see of the call. */
  args: (call: ApiCall) => Record<string, unknown>;
  run: (call: ApiCall) => Promise<Result<object>>;
  /** HTTP status of success. Default: 200. */
  status?: 201;
}

const Body = z.record(z.string(), z.unknown()).catch({});
const NOT_FOUND: Failure = { code: 'not_found' };

/** Runs a method if the caller's policy allows it. */
async function runMethod(c: Context<AppEnv>, { tool, args, run, status }: ApiMethod, caller: Caller) {
  const { account, grant } = caller;
  const body = Body.parse(await c.req.json().catch(() => ({})));
  const apiCall = { env: c.env, caller, body, id: c.req.param('id') ?? '' };
  const origin = new URL(c.var.resource).origin;
  const object = accountOf(c.env, { account });
  const permit = await object.permit(withDigest({ grant, client: '', tool, args: args(apiCall), origin }), false);
  if (!permit.ok) return toHttpError(permit.failure);
  const done = await run(apiCall);
  if (done.ok) return c.json(done.value, status);
  await object.refund(permit.value);
  return toHttpError(done.failure);
}

/** An API for scripts at `path` and `path`/:id. A call needs the scope `admin` and a policy that allows it. */
export const apiAt = (path: string, methods: Record<string, ApiMethod>) =>
  new Hono<AppEnv>().use(`${path}/*`, rateLimitByIp('RL_SIGN_IN'), limitFormBody).all(`${path}/:id?`, async (c) => {
    const { config, resource } = c.var;
    const caller = await bearerCaller(c.req.raw, c.env, config, resource);
    if (!caller) return unauthorized(c.req.raw, resource);
    if (!caller.scopes.includes('admin')) return insufficientScope(caller, ['admin'], resource);
    const method = methods[c.req.method];
    return method ? runMethod(c, method, caller) : toHttpError(NOT_FOUND);
  });
