import { Hono } from 'hono';
import { toHttpError } from '../errors.ts';
import { homePage } from '../pages/home.ts';
import { STYLE } from '../pages/style.ts';
import type { Door } from './context.ts';
import { perAddress } from './front-door.ts';
import { show } from './render-page.ts';
import { personOf } from './sign-in/session.ts';

/** The style sheet's address changes with each version. */
const STYLE_CACHE = 'public, max-age=86400';

/** The first page, for people; for a client that lost its way the URL that it wants. */
export const places = new Hono<Door>()
  .use('/', perAddress('RL_ADDRESS'))
  .get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': STYLE_CACHE }))
  .get('/', async (c, next) => {
    if (!c.req.header('accept')?.includes('text/html')) return next();
    return show(c, 'LLM CLI Gateway', homePage(c.var.resource), { person: await personOf(c.req.raw, c.env) });
  })
  .all('/', (c) => toHttpError({ code: 'wrong_url', url: c.var.resource }));
