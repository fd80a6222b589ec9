import { type Context, Hono } from 'hono';
import { type Failure, toHttpError } from '../errors.ts';
import type { Caller } from '../mcp/call.ts';
import { apiToken, bearerCaller } from './bearer.ts';
import { insufficientScope, unauthorized } from './challenge.ts';
import type { Door } from './context.ts';
import { perAddress, smallBody } from './front-door.ts';
import { readDraft } from './tokens.ts';

const notFound: Failure = { code: 'not_found' };

async function create(c: Context<Door>, { account }: Caller) {
  const draft = readDraft(account, await c.req.json().catch(() => ({})));
  const made = draft.ok ? await c.env.ACCESS.getByName(account).createToken(draft.value) : draft;
  if (!made.ok) return toHttpError(made.failure);
  const { secret, token } = made.value;
  return c.json({ ...token, token: apiToken(account, secret) }, 201);
}

const routes: Record<string, (c: Context<Door>, caller: Caller) => Promise<Response>> = {
  POST: create,
  GET: async (c, { account }) => c.json({ tokens: await c.env.ACCESS.getByName(account).tokens() }),
  DELETE: async (c, { account }) => {
    const isRevoked = await c.env.ACCESS.getByName(account).revokeToken(c.req.param('id') ?? '');
    return isRevoked ? c.json({ revoked: true }) : toHttpError(notFound);
  },
};

/** API tokens for scripts: POST and GET /api/tokens, DELETE /api/tokens/:id, with a token that has the scope admin. */
export const tokenApi = new Hono<Door>()
  .use('/api/tokens/*', perAddress('RL_SIGN_IN'), smallBody)
  .all('/api/tokens/:id?', async (c) => {
    const { config, resource } = c.var;
    const caller = await bearerCaller(c.req.raw, c.env, config, resource);
    if (!caller) return unauthorized(c.req.raw, resource);
    if (!caller.scopes.includes('admin')) return insufficientScope(caller, ['admin'], resource);
    const route = routes[c.req.method];
    return route ? route(c, caller) : toHttpError(notFound);
  });
