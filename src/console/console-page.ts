import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { createMiddleware } from 'hono/factory';
import type { SignedInEnv } from '../auth/app-env.ts';
import { FORM_MAX_BYTES, limitBody, rateLimitByIp, requireForm } from '../auth/middleware.ts';
import { requireSignIn } from '../auth/sign-in/require-sign-in.ts';
import { accountOf } from '../objects.ts';

/** The routes of a page for a signed-in person, which accept forms of this origin only. */
export const consolePage = (path: string, formMaxBytes = FORM_MAX_BYTES) =>
  new Hono<SignedInEnv>().use(
    `${path}/*`,
    rateLimitByIp('RL_ADDRESS'),
    limitBody(formMaxBytes),
    requireForm,
    csrf(),
    requireSignIn,
  );

/** Writes to the audit log that a person read a page of settings. */
export const auditRead = createMiddleware<SignedInEnv>(async (c, next) => {
  await next();
  if (c.req.method !== 'GET' || !c.res.ok) return;
  const { person } = c.var;
  await accountOf(c.env, person).recordAccess({ event: 'read', by: person.label, what: c.req.path });
});
