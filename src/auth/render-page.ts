import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Frame, frame, type Markup } from '../html/frame.ts';
import type { AppEnv } from './app-env.ts';
import type { Person } from './sign-in/browser-session.ts';

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

interface Options {
  status?: ContentfulStatusCode;
  person?: Person | null;
  setCookies?: string[];
  /** True: its form may lead to another origin. Chromium applies form-action to redirects too. */
  leadsAway?: boolean;
}

/** Answers with a page: no script, no frame around it, nothing kept by caches. */
export function renderPage(c: Context<AppEnv>, title: Frame['title'], content: Markup, options: Options = {}) {
  const { status = 200, person = null, setCookies = [], leadsAway = false } = options;
  c.header('content-security-policy', leadsAway ? POLICY : `${POLICY}; form-action 'self'`);
  c.header('cache-control', 'no-store');
  for (const cookie of setCookies) c.header('set-cookie', cookie, { append: true });
  return c.html(frame({ title, content, person: person?.label ?? null, path: c.req.path }), status);
}
