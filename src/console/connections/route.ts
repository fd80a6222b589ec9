import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import type { AppEnv } from '../../auth/app-env.ts';
import { limitFormBody, rateLimitByIp } from '../../auth/middleware.ts';
import { oauthGrants } from '../../auth/oauth/grants.ts';
import { oauthServer } from '../../auth/oauth/server.ts';
import { renderPage } from '../../auth/render-page.ts';
import { requireSignIn } from '../../auth/sign-in/require-sign-in.ts';
import { accessOf } from '../../objects.ts';
import { connectionsPage } from './view.ts';

/** The page that lists what may act for a person, and ends it. */
export const connections = new Hono<AppEnv>()
  .use('/connections/*', rateLimitByIp('RL_ADDRESS'), limitFormBody, csrf())
  .get(
    '/connections',
    requireSignIn(async (c, person) => {
      const { account } = person;
      const [grants, tokens] = await Promise.all([oauthGrants(c, account), accessOf(c.env, { account }).tokens()]);
      return renderPage(c, 'Connections', connectionsPage({ grants, tokens, url: c.var.resource }), { person });
    }),
  )
  .post(
    '/connections/:id/revoke',
    requireSignIn(async (c, { account }) => {
      // A foreign grant is not found under this account: nothing happens, as with one that never was.
      await oauthServer(c.var.resource)
        .getOAuthApi(c.env)
        .revokeGrant(c.req.param('id') ?? '', account);
      return c.redirect('/connections', 303);
    }),
  );
