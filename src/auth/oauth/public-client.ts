import { createMiddleware } from 'hono/factory';
import { toHttpError } from '../../errors.ts';
import { isPublicHttps } from '../../public-url.ts';
import type { AppEnv } from '../app-env.ts';

/** The client ids that a request names: in its query, in its form and as the user of Basic authentication. */
async function clientIdsOf(request: Request): Promise<string[]> {
  const [, basic = ''] = /^Basic ([\w+/=-]{1,2048})$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  const [user = ''] = Buffer.from(basic, 'base64').toString().split(':');
  const form = request.method === 'POST' ? await request.clone().text() : '';
  const named = [new URL(request.url).searchParams, new URLSearchParams(form)].flatMap((fields) => fields.getAll('client_id'));
  return [...named, user, decodeURIComponent(/%(?![0-9a-f]{2})/i.test(user) ? '' : user)];
}

/**
 * Refuses a client id that is a URL of this machine or a private network. The OAuth server fetches the description of a client from its id,
 * so this precedes any connection.
 */
export const requirePublicClient = createMiddleware<AppEnv>(async (c, next) => {
  const ids = await clientIdsOf(c.req.raw);
  const isWrong = ids.some((id) => /^[a-z][a-z0-9+.-]*:/i.test(id) && !isPublicHttps(id));
  if (!isWrong) return next();
  return toHttpError({ code: 'invalid_input', issues: ['client_id: a URL must be https at a public host.'] });
});
