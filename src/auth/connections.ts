import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { z } from 'zod';
import { connectionsPage } from '../pages/connections.ts';
import type { Door } from './context.ts';
import { perAddress, smallBody } from './front-door.ts';
import { signInPath } from './next.ts';
import { oauthServer } from './server.ts';
import { type Person, personOf } from './session.ts';
import { show } from './show.ts';

/** What consent notes beside a grant. */
const Metadata = z.object({ client: z.string(), host: z.string(), isVerified: z.boolean() });
const UNKNOWN = { client: 'Unknown app', host: '', isVerified: false } as const;

const MOST_GRANTS = 200;

const oauthOf = (c: Context<Door>) => oauthServer(c.var.resource).getOAuthApi(c.env);

async function page(c: Context<Door>, person: Person) {
  const [grants, tokens] = await Promise.all([
    oauthOf(c).listUserGrants(person.account, { limit: MOST_GRANTS }),
    c.env.ACCESS.getByName(person.account).tokens(),
  ]);
  const shown = grants.items.map(({ id, scope, createdAt, expiresAt, metadata }) => ({
    id,
    ...(Metadata.safeParse(metadata).data ?? UNKNOWN),
    scopes: scope,
    createdAt: createdAt * 1_000,
    expiresAt: expiresAt && expiresAt * 1_000,
  }));
  return show(c, 'Connections', connectionsPage({ grants: shown, tokens, url: c.var.resource }), { person });
}

/** The page that lists what may act for a person, and ends it. */
export const connections = new Hono<Door>()
  .use('/connections/*', perAddress('RL_ADDRESS'), smallBody, csrf())
  .get('/connections', async (c) => {
    const person = await personOf(c.req.raw, c.env);
    return person ? page(c, person) : c.redirect(signInPath(new URL(c.req.url)));
  })
  .post('/connections/:id/revoke', async (c) => {
    const person = await personOf(c.req.raw, c.env);
    // A foreign grant is not found under this account: nothing happens, as with one that never was.
    if (person) await oauthOf(c).revokeGrant(c.req.param('id'), person.account);
    return c.redirect('/connections', 303);
  });
