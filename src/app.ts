import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Door } from './auth/context.ts';
import { ownHost, safeHeaders } from './auth/front-door.ts';
import { authorize } from './auth/oauth/authorize.ts';
import { oauthEndpoints } from './auth/oauth/endpoints.ts';
import { metadata } from './auth/oauth/metadata.ts';
import { upstream } from './auth/sign-in/external.ts';
import { signIn } from './auth/sign-in/route.ts';
import { tokenApi } from './auth/tokens/api.ts';
import { approvals } from './console/approvals/route.ts';
import { audit } from './console/audit/route.ts';
import { connections } from './console/connections/route.ts';
import { places } from './console/home/route.ts';
import { policies } from './console/policies/route.ts';
import { tokens } from './console/tokens/route.ts';
import { toHttpError } from './errors.ts';
import { passGate } from './gate/gate.ts';
import { health } from './health/health.ts';
import { discovery } from './mcp/discovery.ts';
import { mcpEndpoint } from './mcp/endpoint.ts';

/** The Worker's routes. Health and the gate are reached under any host; everything else only under the gateway's own. */
export const app = new Hono<Door>()
  .route('/', health)
  .all('/gate/*', (c) => passGate(c.req.raw, c.env))
  .use(safeHeaders, ownHost)
  .route('/', mcpEndpoint)
  .route('/', metadata)
  .route('/', discovery)
  .route('/', oauthEndpoints)
  .route('/', authorize)
  .route('/', signIn)
  .route('/', upstream)
  .route('/', tokens)
  .route('/', connections)
  .route('/', approvals)
  .route('/', policies)
  .route('/', audit)
  .route('/', tokenApi)
  .route('/', places)
  .notFound(() => toHttpError({ code: 'not_found' }))
  .onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    const incident = crypto.randomUUID().slice(0, 8);
    console.error(JSON.stringify({ incident, error: error.stack ?? error.message }));
    return toHttpError({ code: 'internal', incident });
  });
