import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Frame, frame, type Markup } from '../html/frame.ts';
import type { AppContext, Person } from './app-env.ts';

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

interface PageOptions {
  status?: ContentfulStatusCode;
  /** Absent: the person of a route behind `requireSignIn`. */
  person?: Person | undefined;
  setCookies?: string[];
  /** The page's form may lead to another origin. Chromium applies form-action to redirects too. */
  leadsAway?: boolean;
}

/** Whether a request is a person's visit: an MCP client sends a token or accepts a stream of events. */
export function isBrowser({ req }: AppContext): boolean {
  const accept = req.header('accept') ?? '';
  const isVisit = req.method === 'GET' && req.header('authorization') === undefined;
  return isVisit && accept.includes('text/html') && !accept.includes('text/event-stream');
}

/** Answers with a page that runs no script, appears in no frame and is stored by no cache. */
export function renderPage(c: AppContext, title: Frame['title'], content: Markup, options: PageOptions = {}) {
  const { status = 200, person = c.var.person, setCookies = [], leadsAway = false } = options;
  c.header('content-security-policy', leadsAway ? POLICY : `${POLICY}; form-action 'self'`);
  c.header('cache-control', 'no-store');
  for (const cookie of setCookies) c.header('set-cookie', cookie, { append: true });
  return c.html(frame({ title, content, person: person?.label, path: c.req.path }), status);
}
