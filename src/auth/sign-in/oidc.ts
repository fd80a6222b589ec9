import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { isLoopback } from '../resource.ts';
import {
  fetchOptions,
  hasName,
  type Identity,
  type IdentityProvider,
  type OAuthSetup,
  type RedeemedCode,
} from './identity-provider.ts';

const Claims = z.object({ sub: z.string(), email: z.string().optional(), email_verified: z.boolean().optional() });
type Claims = z.infer<typeof Claims>;

async function setup({ oidcIssuer = '', oidcClientId = '', oidcClientSecret = '' }: Config): Promise<OAuthSetup> {
  const issuer = new URL(oidcIssuer);
  const isHttpAllowed = isLoopback(issuer);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, fetchOptions({ isHttpAllowed })),
  );
  // Absent means that the server accepts Basic.
  const takesBasic = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true;
  const auth = takesBasic ? oauth.ClientSecretBasic(oidcClientSecret) : oauth.ClientSecretPost(oidcClientSecret);
  return { server, client: { client_id: oidcClientId }, auth, scope: 'openid email', isHttpAllowed };
}

/** The claims of the ID token, or of the userinfo endpoint if the ID token has no email. */
async function claimsOf({ server, client, isHttpAllowed }: OAuthSetup, { accessToken, claims }: RedeemedCode): Promise<Claims> {
  const known = Claims.parse(claims);
  if (known.email !== undefined || !server.userinfo_endpoint) return known;
  const answer = await oauth.userInfoRequest(server, client, accessToken, fetchOptions({ isHttpAllowed }));
  return Claims.parse(await oauth.processUserInfoResponse(server, client, known.sub, answer));
}

/** Sign-in with an OpenID Connect issuer. Only a verified email is allowed. */
export const oidc: IdentityProvider = {
  setup,
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
