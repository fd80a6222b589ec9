import { Hono } from 'hono';
import type { AppEnv } from '../app-env.ts';
import { limitFormBody, rateLimitByIp } from '../middleware.ts';
import { requirePublicClient } from './public-client.ts';
import { answerRefresh } from './refresh.ts';
import { oauthServer } from './server.ts';

/** Token, revocation and registration endpoints. CORS is open, because these endpoints ignore cookies. */
export const oauthEndpoints = new Hono<AppEnv>()
  .use('/oauth/*', rateLimitByIp('RL_SIGN_IN'), limitFormBody, requirePublicClient)
  .post('/oauth/token', async (c, next) => (await answerRefresh(c)) ?? next())
  .all('/oauth/:endpoint{token|register}', (c) => oauthServer(c.var.resource).fetch(c.req.raw, c.env, c.executionCtx));
