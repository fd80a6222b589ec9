const DEFAULT_PATH = '/connections';

/** The path to open after a sign-in. It is always on this origin, because anyone can send a person a link with another `next`. */
export function returnPath(next: string | undefined | null, origin: string): string {
  if (!next?.startsWith('/') || !URL.canParse(next, origin)) return DEFAULT_PATH;
  const url = new URL(next, origin);
  // "/.//host" is a path of this origin that a browser would read as another host.
  return url.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : DEFAULT_PATH;
}

/** Path of the sign-in page that leads back to `url`. */
export function signInPath(url: URL): string {
  return `/sign-in?${new URLSearchParams({ next: url.pathname + url.search })}`;
}
