import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import type { Door } from '../../auth/context.ts';
import { perAddress, smallBody } from '../../auth/front-door.ts';
import { oauthGrants } from '../../auth/oauth/grants.ts';
import { oauthServer } from '../../auth/oauth/server.ts';
import { show } from '../../auth/render-page.ts';
import { asPerson } from '../../auth/sign-in/require-person.ts';
import { connectionsPage } from './view.ts';

/** The page that lists what may act for a person, and ends it. */
export const connections = new Hono<Door>()
  .use('/connections/*', perAddress('RL_ADDRESS'), smallBody, csrf())
  .get(
    '/connections',
    asPerson(async (c, person) => {
      const { account } = person;
      const [grants, tokens] = await Promise.all([oauthGrants(c, account), c.env.ACCESS.getByName(account).tokens()]);
      return show(c, 'Connections', connectionsPage({ grants, tokens, url: c.var.resource }), { person });
    }),
  )
  .post(
    '/connections/:id/revoke',
    asPerson(async (c, { account }) => {
      // A foreign grant is not found under this account: nothing happens, as with one that never was.
      await oauthServer(c.var.resource)
        .getOAuthApi(c.env)
        .revokeGrant(c.req.param('id') ?? '', account);
      return c.redirect('/connections', 303);
    }),
  );
