import { type Handler, Hono } from 'hono';
import type { AppEnv } from '../../auth/app-env.ts';
import { rateLimitByIp } from '../../auth/middleware.ts';
import { isBrowser, renderPage } from '../../auth/render-page.ts';
import { personOf } from '../../auth/sign-in/browser-session.ts';
import { toHttpError } from '../../errors.ts';
import { STYLE } from '../../html/style.ts';
import { homePage } from './view.ts';

/** Safe for a day, because the style sheet's address changes with each version. */
const STYLE_CACHE = 'public, max-age=86400';

/** The page about the gateway, for a browser; any other client is left to the next route. */
const showHome: Handler<AppEnv> = async (c, next) => {
  if (!isBrowser(c)) return next();
  return renderPage(c, 'LLM CLI Gateway', homePage(c.var.resource), { person: await personOf(c) });
};

/** The page at / and, for a browser, at /mcp. Clients that do not accept HTML get an error that names the MCP URL. */
export const home = new Hono<AppEnv>()
  .use('/', rateLimitByIp('RL_ADDRESS'))
  .get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': STYLE_CACHE }))
  .get('/', showHome)
  .get('/mcp', rateLimitByIp('RL_ADDRESS'), showHome)
  .all('/', (c) => toHttpError({ code: 'wrong_url', url: c.var.resource }));
