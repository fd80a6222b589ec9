import type { Context } from 'hono';
import type { Door } from '../context.ts';
import { signInPath } from './next.ts';
import { type Person, personOf } from './session.ts';

type Answer = Response | Promise<Response>;

/** A route for whoever is signed in; anybody else signs in first and comes back to the page. */
export const asPerson = (answer: (c: Context<Door>, person: Person) => Answer) => async (c: Context<Door>) => {
  const person = await personOf(c.req.raw, c.env);
  if (person) return answer(c, person);
  const url = new URL(c.req.url);
  if (c.req.method === 'GET') return c.redirect(signInPath(url));
  const page = new URL(`/${url.pathname.split('/')[1]}`, url);
  return c.redirect(signInPath(page), 303);
};
