import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { AppEnv } from '../app-env.ts';
import { BASELINE } from '../scopes.ts';
import { oauthServer } from './server.ts';

const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';
const SERVER_METADATA = '/.well-known/oauth-authorization-server';

/** RFC 9728 and RFC 8414 metadata, each at the bare path and at the path form that some clients try first. */
export const metadata = new Hono<AppEnv>()
  .use('/.well-known/*', cors({ origin: '*', allowMethods: ['GET', 'HEAD'] }))
  .on('GET', [RESOURCE_METADATA, `${RESOURCE_METADATA}/mcp`], (c) => {
    const resource = c.var.resource;
    return c.json({
      resource,
      resource_name: 'LLM CLI Gateway',
      authorization_servers: [new URL(resource).origin],
      scopes_supported: BASELINE,
      bearer_methods_supported: ['header'],
    });
  })
  .on('GET', [SERVER_METADATA, `${SERVER_METADATA}/mcp`], (c) => {
    const request = new Request(new URL(SERVER_METADATA, c.req.url), { method: c.req.method });
    return oauthServer(c.var.resource).fetch(request, c.env, c.executionCtx);
  });
