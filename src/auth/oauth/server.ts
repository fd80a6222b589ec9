import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider';
import type { ExecutionContext } from 'hono';
import { SCOPES } from '../../caller.ts';

const ACCESS_TOKEN_S = 3_600;
/** A grant that is unused for this long expires. */
const REFRESH_IDLE_S = 2_592_000;
/** Cached servers, one for each host of the Worker. */
const MAX_SERVERS = 8;

/** The part of the library's server that the gateway uses. Its endpoints work with Hono's context. */
interface OAuthServer extends Pick<OAuthAuthorizationServer<Env>, 'getOAuthApi' | 'validateToken' | 'purgeExpiredData'> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response>;
}

const servers = new Map<string, OAuthServer>();

const createOAuthServer = (resource: string): OAuthServer =>
  new OAuthAuthorizationServer<Env>({
    issuer: new URL(resource).origin,
    resources: [resource],
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/oauth/token',
    clientRegistrationEndpoint: '/oauth/register',
    scopesSupported: [...SCOPES, 'offline_access'],
    accessTokenTTL: ACCESS_TOKEN_S,
    refreshTokenTTL: REFRESH_IDLE_S,
    refreshTokenIdleTTL: REFRESH_IDLE_S,
    clientIdMetadataDocumentEnabled: true,
    onError: ({ code, status, internal }) =>
      console.warn(JSON.stringify({ oauth: code, status, category: internal.category, reason: internal.reason })),
  });

/** The OAuth server that issues tokens for one resource. Its issuer is the resource's origin. */
export function oauthServer(resource: string): OAuthServer {
  const known = servers.get(resource);
  if (known) return known;
  if (servers.size >= MAX_SERVERS) servers.clear();
  const server = createOAuthServer(resource);
  servers.set(resource, server);
  return server;
}
