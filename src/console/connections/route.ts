import { oauthGrants } from '../../auth/oauth/grants.ts';
import { oauthServer } from '../../auth/oauth/server.ts';
import { renderPage } from '../../auth/render-page.ts';
import { accessOf, accountOf } from '../../objects.ts';
import { auditRead, consolePage } from '../console-page.ts';
import { connectionsPage } from './view.ts';

/** The page that lists and revokes what may act for a person. */
export const connections = consolePage('/connections')
  .use('/connections/*', auditRead)
  .get('/connections', async (c) => {
    const { account } = c.var.person;
    const [grants, tokens] = await Promise.all([oauthGrants(c, account), accessOf(c.env, { account }).tokens()]);
    return renderPage(c, 'Connections', connectionsPage({ grants, tokens, url: c.var.resource }));
  })
  .post('/connections/:id/revoke', async (c) => {
    // A foreign grant is not found under this account, so nothing happens, as with an unknown one.
    const oauth = oauthServer(c.var.resource).getOAuthApi(c.env);
    const id = c.req.param('id');
    const grant = (await oauthGrants(c, c.var.person.account)).find((known) => known.id === id);
    await oauth.revokeGrant(id, c.var.person.account);
    const access = { event: 'connection revoked', by: c.var.person.label, what: id } as const;
    if (grant) await accountOf(c.env, c.var.person).recordAccess({ ...access, client: grant.client });
    return c.redirect('/connections', 303);
  });
