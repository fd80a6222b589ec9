const HOME = '/connections';

/** Where to go after a sign-in: a path of this origin, whatever the address bar was made to say. */
export function returnPath(next: string | undefined | null, origin: string): string {
  if (!next?.startsWith('/') || !URL.canParse(next, origin)) return HOME;
  const url = new URL(next, origin);
  // "/.//host" is a path of this origin that a browser would read as another host.
  return url.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : HOME;
}

/** The sign-in page that leads back to a request. */
export function signInPath(url: URL): string {
  return `/sign-in?${new URLSearchParams({ next: url.pathname + url.search })}`;
}
