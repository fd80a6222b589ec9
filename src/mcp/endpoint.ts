import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../auth/app-env.ts';
import { bearerCaller } from '../auth/bearer.ts';
import { insufficientScope, unauthorized } from '../auth/challenge.ts';
import { limitBody, rateLimitByIp } from '../auth/middleware.ts';
import { countRequest } from '../auth/rate-limit.ts';
import { isAllowedOrigin } from '../auth/resource.ts';
import { toHttpError } from '../errors.ts';
import { limitKeys } from './arguments/key-limit.ts';
import { handleMcp } from './server.ts';
import { missingScopes } from './step-up.ts';

const EXPOSED = ['WWW-Authenticate', 'Retry-After', 'Mcp-Session-Id', 'Mcp-Protocol-Version'];

const requireKnownOrigin = createMiddleware<AppEnv>(async (c, next) => {
  const origin = c.req.header('origin');
  if (origin !== undefined && !isAllowedOrigin(origin, c.var.resource, c.var.config))
    return toHttpError({ code: 'origin_refused', origin: origin.slice(0, 200) });
  await next();
});

/** The route /mcp: checks origin, body size, caller, rate and scopes, then serves the protocol. */
export const mcpEndpoint = new Hono<AppEnv>()
  // Any origin may be returned here, because requireKnownOrigin has refused the others.
  .use(
    '/mcp',
    rateLimitByIp('RL_ADDRESS'),
    requireKnownOrigin,
    cors({ origin: (origin) => origin, exposeHeaders: EXPOSED, maxAge: 86_400 }),
  )
  .use('/mcp', (c, next) => limitBody(c.var.config.limits.mcpBodyMaxBytes)(c, next))
  .all('/mcp', async (c) => {
    const { config, resource } = c.var;
    const caller = await bearerCaller(c.req.raw, c.env, config, resource);
    if (!caller) return unauthorized(c.req.raw, resource);
    const counted = await countRequest(c.env.RL_ACCOUNT, caller.account);
    if (!counted.ok) return toHttpError(counted.failure);
    if (c.req.method !== 'POST') return handleMcp(c.req.raw, c.env, config, caller);
    const limited = await limitKeys(c.req.raw);
    if (!limited.ok) return toHttpError(limited.failure);
    let request = limited.value;
    const missing = await missingScopes(caller, async () => {
      const body = await request.arrayBuffer();
      request = new Request(request, { body });
      return body;
    });
    return missing.length > 0 ? insufficientScope(caller, missing, resource) : handleMcp(request, c.env, config, caller);
  });
