const ANY = 'http://any.invalid';

/** Whether a path stays what it is in a URL: no parser reads a host in it, or another path. */
export function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || /\/\/|\\/.test(path)) return false;
  const { origin, pathname } = new URL(path, ANY);
  return origin === ANY && pathname === path;
}

/** The URL of a plain path of a model service. The base URL keeps its own path, in which a proxy may name an account. */
export function upstreamUrl(base: string, path: string, search = ''): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.search = search;
  return url;
}
