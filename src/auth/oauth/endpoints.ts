import { Hono } from 'hono';
import type { Door } from '../context.ts';
import { perAddress, smallBody } from '../front-door.ts';
import { oauthServer } from './server.ts';

/** Token, revocation and registration, as the library answers them; browsers of any origin may ask, for no cookie counts here. */
export const oauthEndpoints = new Hono<Door>()
  .use('/oauth/*', perAddress('RL_SIGN_IN'), smallBody)
  .all('/oauth/:endpoint{token|register}', (c) => oauthServer(c.var.resource).fetch(c.req.raw, c.env, c.executionCtx));
