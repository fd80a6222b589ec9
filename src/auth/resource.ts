import type { Config } from '../config.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** True for a URL on this machine, where http is as good as https. */
export const isLoopback = (url: URL) => LOOPBACK.test(url.hostname);

/**
 * The exact URL of /mcp for a request, or null where its host is none of ours. Without MCP_RESOURCE any https host is ours, because
 * Cloudflare routes only the Worker's own hosts to it; over http only loopback is, so that no web page reaches a laptop by a name of its own.
 */
export function resourceOf(url: URL, { mcpResource }: Config): string | null {
  if (mcpResource !== undefined) return new URL(mcpResource).origin === url.origin ? mcpResource : null;
  return url.protocol === 'https:' || isLoopback(url) ? `${url.origin}/mcp` : null;
}

/** True for the origin of a web page that may call /mcp. On a laptop that is every page of the laptop. */
export function isAllowedOrigin(origin: string, resource: string, { allowedOrigins }: Config): boolean {
  const own = new URL(resource);
  if (origin === own.origin || allowedOrigins.includes(origin)) return true;
  return isLoopback(own) && URL.canParse(origin) && isLoopback(new URL(origin));
}
