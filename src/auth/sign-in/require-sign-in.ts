import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';
import { type Person, personOf } from './browser-session.ts';
import { signInPath } from './return-path.ts';

type Answer = Response | Promise<Response>;

/** A route for whoever is signed in; anybody else signs in first and comes back to the page. */
export const requireSignIn = (answer: (c: Context<AppEnv>, person: Person) => Answer) => async (c: Context<AppEnv>) => {
  const person = await personOf(c.req.raw, c.env);
  if (person) return answer(c, person);
  const url = new URL(c.req.url);
  if (c.req.method === 'GET') return c.redirect(signInPath(url));
  const page = new URL(`/${url.pathname.split('/')[1]}`, url);
  return c.redirect(signInPath(page), 303);
};
