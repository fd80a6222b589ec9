import { Hono } from 'hono';
import { bearerCaller } from './auth/bearer.ts';
import { readConfig } from './config.ts';
import { toHttpError } from './errors.ts';
import { handleMcp } from './mcp/server.ts';
import { passGate } from './runner/gate.ts';
import { VERSION } from './version.ts';

/** The Worker's routes. */
export const app = new Hono<{ Bindings: Env }>()
  .get('/health', (c) => c.json({ ok: true, version: VERSION }))
  .all('/mcp', async (c) => {
    const config = readConfig(c.env);
    const caller = await bearerCaller(c.req.raw, config);
    return caller ? handleMcp(c.req.raw, c.env, config, caller) : toHttpError({ code: 'unauthorized' });
  })
  .all('/gate/:provider/*', (c) => {
    const provider = c.req.param('provider');
    return passGate(c.req.raw, c.env, readConfig(c.env), provider, c.req.path.slice(`/gate/${provider}`.length));
  })
  .notFound(() => toHttpError({ code: 'not_found' }))
  .onError((error) => {
    const incident = crypto.randomUUID().slice(0, 8);
    console.error(JSON.stringify({ incident, error: error.stack ?? error.message }));
    return toHttpError({ code: 'internal', incident });
  });
