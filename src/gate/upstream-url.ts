const ANY = 'http://any.invalid';

/** True if a path stays as it is in a URL: no parser reads a host or another path in it. */
export function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || /\/\/|\\/.test(path)) return false;
  const { origin, pathname } = new URL(path, ANY);
  return origin === ANY && pathname === path;
}

/** The URL of a plain path at a model service. The base URL keeps its own path, because a proxy may name an account there. */
export function upstreamUrl(base: string, path: string, search = ''): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/(?<!\/)\/+$/, '') + path;
  url.search = search;
  return url;
}
