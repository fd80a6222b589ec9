import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import type { SignedInEnv } from '../auth/app-env.ts';
import { FORM_MAX_BYTES, limitBody, rateLimitByIp } from '../auth/middleware.ts';
import { requireSignIn } from '../auth/sign-in/require-sign-in.ts';

/** The routes of a page for a signed-in person, which accept forms of this origin only. */
export const consolePage = (path: string, formMaxBytes = FORM_MAX_BYTES) =>
  new Hono<SignedInEnv>().use(`${path}/*`, rateLimitByIp('RL_ADDRESS'), limitBody(formMaxBytes), csrf(), requireSignIn);
