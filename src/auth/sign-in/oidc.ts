import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { isLoopback } from '../resource.ts';
import {
  hasName,
  IDENTITY_TIMEOUT_MS,
  type Identity,
  type IdentityProvider,
  type Party,
  type Redeemed,
} from './identity-provider.ts';

const Claims = z.object({ sub: z.string(), email: z.string().optional(), email_verified: z.boolean().optional() });
type Claims = z.infer<typeof Claims>;

const options = (isHttpAllowed: boolean) => ({
  [oauth.allowInsecureRequests]: isHttpAllowed,
  signal: AbortSignal.timeout(IDENTITY_TIMEOUT_MS),
});

async function party({ oidcIssuer = '', oidcClientId = '', oidcClientSecret = '' }: Config): Promise<Party> {
  const issuer = new URL(oidcIssuer);
  const isHttpAllowed = isLoopback(issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options(isHttpAllowed)));
  // Absent means that Basic is what the server takes.
  const takesBasic = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true;
  const auth = takesBasic ? oauth.ClientSecretBasic(oidcClientSecret) : oauth.ClientSecretPost(oidcClientSecret);
  return { server, client: { client_id: oidcClientId }, auth, scope: 'openid email', isHttpAllowed };
}

/** The claims, asked for once more where the ID token has no email. */
async function claimsOf({ server, client, isHttpAllowed }: Party, { accessToken, claims }: Redeemed): Promise<Claims> {
  const known = Claims.parse(claims);
  if (known.email !== undefined || !server.userinfo_endpoint) return known;
  const answer = await oauth.userInfoRequest(server, client, accessToken, options(isHttpAllowed));
  return Claims.parse(await oauth.processUserInfoResponse(server, client, known.sub, answer));
}

/** An OpenID Connect issuer. Only an email that it vouches for counts. */
export const oidc: IdentityProvider = {
  party,
  identify: async (config, found, answer): Promise<Identity> => {
    const { sub, email, email_verified } = await claimsOf(found, answer);
    const verified = email_verified === true ? email?.toLowerCase() : undefined;
    const names = verified === undefined ? [] : [verified, verified.slice(verified.lastIndexOf('@'))];
    return {
      subject: `${found.server.issuer} ${sub}`,
      label: email ?? sub,
      names: names.slice(0, 1),
      isAllowed: hasName(config.oidcAllowed, names),
    };
  },
};
