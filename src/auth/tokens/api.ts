import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { withDigest } from '../../account/tool-call.ts';
import type { Caller } from '../../caller.ts';
import { type Failure, fail, ok, type Result, toHttpError } from '../../errors.ts';
import { accessOf, accountOf } from '../../objects.ts';
import type { TOKEN_CALLS } from '../../policy/tools.ts';
import type { AppEnv } from '../app-env.ts';
import { apiToken, bearerCaller } from '../bearer.ts';
import { insufficientScope, unauthorized } from '../challenge.ts';
import { limitFormBody, rateLimitByIp } from '../middleware.ts';
import { readDraft } from './draft.ts';

const notFound: Failure = { code: 'not_found' };
const TokenBody = z.record(z.string(), z.unknown()).catch({});

/** A method of the API, with its name in policies and in the audit log. */
interface TokenRoute {
  tool: (typeof TOKEN_CALLS)[number];
  args: (c: Context<AppEnv>) => Promise<Record<string, unknown>>;
  run: (c: Context<AppEnv>, caller: Caller, args: Record<string, unknown>) => Promise<Result<object>>;
}

const routes: Record<string, TokenRoute> = {
  POST: {
    tool: 'token_create',
    args: async (c) => TokenBody.parse(await c.req.json().catch(() => ({}))),
    run: async (c, { account, grant }, args) => {
      const draft = readDraft(account, args);
      const made = draft.ok ? await accessOf(c.env, { account }).createToken(draft.value, grant) : draft;
      return made.ok ? ok({ ...made.value.token, token: apiToken(account, made.value.secret) }) : made;
    },
  },
  GET: {
    tool: 'token_list',
    args: async () => ({}),
    run: async (c, { account }) => ok({ tokens: await accessOf(c.env, { account }).tokens() }),
  },
  DELETE: {
    tool: 'token_revoke',
    args: async (c) => ({ id: c.req.param('id') ?? '' }),
    run: async (c, { account, grant }, { id }) =>
      (await accessOf(c.env, { account }).revokeToken(String(id), grant)) ? ok({ revoked: true }) : fail(notFound),
  },
};

const CREATED = 201;

/** Runs a method if the caller's policy allows it. */
async function runTokenCall(c: Context<AppEnv>, { tool, args: read, run }: TokenRoute, caller: Caller) {
  const { account, grant } = caller;
  const args = await read(c);
  const origin = new URL(c.var.resource).origin;
  const call = withDigest({ grant, client: '', tool, args, origin });
  const object = accountOf(c.env, { account });
  const permit = await object.permit(call, false);
  if (!permit.ok) return toHttpError(permit.failure);
  const done = await run(c, caller, args);
  if (done.ok) return c.json(done.value, tool === 'token_create' ? CREATED : undefined);
  await object.refund(permit.value);
  return toHttpError(done.failure);
}

/** API tokens for scripts: POST and GET /api/tokens, DELETE /api/tokens/:id. A call needs the scope `admin` and a policy that allows it. */
export const tokenApi = new Hono<AppEnv>()
  .use('/api/tokens/*', rateLimitByIp('RL_SIGN_IN'), limitFormBody)
  .all('/api/tokens/:id?', async (c) => {
    const { config, resource } = c.var;
    const caller = await bearerCaller(c.req.raw, c.env, config, resource);
    if (!caller) return unauthorized(c.req.raw, resource);
    if (!caller.scopes.includes('admin')) return insufficientScope(caller, ['admin'], resource);
    const route = routes[c.req.method];
    return route ? runTokenCall(c, route, caller) : toHttpError(notFound);
  });
