import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { AppEnv } from './auth/app-env.ts';
import { credentialApi } from './auth/credentials/api.ts';
import { limitRefusals, needsOpenGate, requireOwnHost, securityHeaders } from './auth/middleware.ts';
import { authorize } from './auth/oauth/authorize.ts';
import { oauthEndpoints } from './auth/oauth/endpoints.ts';
import { metadata } from './auth/oauth/metadata.ts';
import { isBrowser, renderPage } from './auth/render-page.ts';
import { externalSignIn } from './auth/sign-in/external.ts';
import { signIn } from './auth/sign-in/route.ts';
import { tokenApi } from './auth/tokens/api.ts';
import { approvals } from './console/approvals/route.ts';
import { audit } from './console/audit/route.ts';
import { connections } from './console/connections/route.ts';
import { credentials } from './console/credentials/route.ts';
import { home } from './console/home/route.ts';
import { policies } from './console/policies/route.ts';
import { tokens } from './console/tokens/route.ts';
import { toHttpError } from './errors.ts';
import { handleModelRequest } from './gate/gate.ts';
import { health } from './health/health.ts';
import { problemPage } from './html/problem.ts';
import { incidentOf } from './incident.ts';
import { discovery } from './mcp/discovery.ts';
import { mcpEndpoint } from './mcp/endpoint.ts';

/** The Worker's routes. Health and the gate are reached under any host; everything else only under the gateway's own. */
export const app = new Hono<AppEnv>()
  .route('/', health)
  .all('/gate/*', needsOpenGate, limitRefusals, (c) => handleModelRequest(c.req.raw, c.env))
  .use(securityHeaders, requireOwnHost)
  .route('/', home)
  .route('/', mcpEndpoint)
  .route('/', metadata)
  .route('/', discovery)
  .route('/', oauthEndpoints)
  .route('/', authorize)
  .route('/', signIn)
  .route('/', externalSignIn)
  .route('/', tokens)
  .route('/', connections)
  .route('/', credentials)
  .route('/', approvals)
  .route('/', policies)
  .route('/', audit)
  .route('/', tokenApi)
  .route('/', credentialApi)
  .notFound((c) =>
    isBrowser(c)
      ? renderPage(c, 'Page not found', problemPage('There is no page at this address. The link above leads to the home page.'), {
          status: 404,
        })
      : toHttpError({ code: 'not_found' }),
  )
  .onError(async (error, c) =>
    error instanceof HTTPException ? error.getResponse() : toHttpError(await incidentOf(error, c.env)),
  );
