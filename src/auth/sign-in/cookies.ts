import { parse } from 'hono/utils/cookie';

const PREFIX = '__Host-';
/** What stands in for it over http on loopback, where Safari refuses every Secure cookie. */
const LOOPBACK_PREFIX = 'loopback-';

/** The value of a cookie of this request. */
export const cookieOf = (request: Request, name: string): string | undefined =>
  parse(request.headers.get('cookie') ?? '', PREFIX + name)[PREFIX + name];

/** A Set-Cookie header for a host-only cookie that no script can read; `maxAgeS` 0 removes it. */
export const setCookie = (name: string, value: string, maxAgeS: number) =>
  `${PREFIX}${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}`;

/** A request over http on loopback, with its cookies under the names that they have over https. */
export function withHostCookies(request: Request): Request {
  const cookie = request.headers.get('cookie');
  if (!cookie) return request;
  const headers = new Headers(request.headers);
  headers.set('cookie', cookie.replaceAll(LOOPBACK_PREFIX, PREFIX));
  return new Request(request, { headers });
}

/** The Set-Cookie headers of an answer as http on loopback can keep them. */
export function toLoopbackCookies(headers: Headers): void {
  const cookies = headers.getSetCookie();
  if (cookies.length === 0) return;
  headers.delete('set-cookie');
  for (const cookie of cookies) headers.append('set-cookie', cookie.replace(PREFIX, LOOPBACK_PREFIX).replace('; Secure', ''));
}
