import type { Config } from '../config.ts';

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** True for a URL on this machine, where http is as safe as https. */
export const isLoopback = (url: URL) => LOOPBACK_HOST.test(url.hostname);

/**
 * The exact URL of /mcp for a request, or null for a foreign host. Without MCP_RESOURCE every https host is accepted, because Cloudflare
 * routes only the Worker's own hosts to it. Over http only loopback is, because a web page could reach a laptop through a host name of its own.
 */
export function resourceOf(url: URL, { mcpResource }: Config): string | null {
  if (mcpResource !== undefined) return new URL(mcpResource).origin === url.origin ? mcpResource : null;
  return url.protocol === 'https:' || isLoopback(url) ? `${url.origin}/mcp` : null;
}

/** True for the origin of a web page that may call /mcp. A gateway on loopback accepts every page on loopback. */
export function isAllowedOrigin(origin: string, resource: string, { allowedOrigins }: Config): boolean {
  const own = new URL(resource);
  if (origin === own.origin || allowedOrigins.includes(origin)) return true;
  return isLoopback(own) && URL.canParse(origin) && isLoopback(new URL(origin));
}
