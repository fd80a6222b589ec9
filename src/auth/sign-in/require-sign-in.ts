import { createMiddleware } from 'hono/factory';
import type { SignedInEnv } from '../app-env.ts';
import { personOf } from './browser-session.ts';
import { signInPath } from './return-path.ts';

/** Lets a signed-in person through. Anyone else signs in first and then returns to the page. */
export const requireSignIn = createMiddleware<SignedInEnv>(async (c, next) => {
  const person = await personOf(c);
  if (person) {
    c.set('person', person);
    return next();
  }
  const url = new URL(c.req.url);
  if (c.req.method === 'GET') return c.redirect(signInPath(url));
  const page = new URL(`/${url.pathname.split('/')[1]}`, url);
  return c.redirect(signInPath(page), 303);
});
