import { parse } from 'hono/utils/cookie';

const HOST_PREFIX = '__Host-';
/** Replaces `__Host-` over http on loopback, where Safari refuses Secure cookies. */
const LOOPBACK_PREFIX = 'loopback-';

/** The value of a cookie of this request. */
export const cookieOf = (request: Request, name: string): string | undefined =>
  parse(request.headers.get('cookie') ?? '', HOST_PREFIX + name)[HOST_PREFIX + name];

/** A Set-Cookie header for a host-only cookie that scripts cannot read. `maxAgeS` 0 removes the cookie. */
export const setCookie = (name: string, value: string, maxAgeS: number) =>
  `${HOST_PREFIX}${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}`;

/** Gives the cookies of a request over http on loopback the names that they have over https. */
export function withHostCookies(request: Request): Request {
  const cookie = request.headers.get('cookie');
  if (!cookie) return request;
  const headers = new Headers(request.headers);
  headers.set('cookie', cookie.replaceAll(LOOPBACK_PREFIX, HOST_PREFIX));
  return new Request(request, { headers });
}

/** Rewrites Set-Cookie headers so that browsers store them over http on loopback. */
export function toLoopbackCookies(headers: Headers): void {
  const cookies = headers.getSetCookie();
  if (cookies.length === 0) return;
  headers.delete('set-cookie');
  for (const cookie of cookies)
    headers.append('set-cookie', cookie.replace(HOST_PREFIX, LOOPBACK_PREFIX).replace('; Secure', ''));
}
