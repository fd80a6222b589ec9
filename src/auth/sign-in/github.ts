import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { VERSION } from '../../version.ts';
import { isLoopback } from '../resource.ts';
import { fetchOptions, hasName, type IdentityProvider, type OAuthSetup } from './identity-provider.ts';

const GithubUser = z.object({ id: z.number(), login: z.string() });
const Membership = z.object({ state: z.string() });
const ORGANIZATION = /^org:/i;

const organizations = ({ githubAllowed }: Config) =>
  githubAllowed.filter((entry) => ORGANIZATION.test(entry)).map((entry) => entry.replace(ORGANIZATION, ''));

async function setup(config: Config): Promise<OAuthSetup> {
  const base = config.githubUrl.replace(/\/$/, '');
  return {
    server: {
      issuer: `${base}/login/oauth`,
      authorization_endpoint: `${base}/login/oauth/authorize`,
      token_endpoint: `${base}/login/oauth/access_token`,
    },
    client: { client_id: config.githubClientId ?? '' },
    auth: oauth.ClientSecretPost(config.githubClientSecret ?? ''),
    scope: organizations(config).length > 0 ? 'read:org' : 'read:user',
    isHttpAllowed: isLoopback(new URL(base)),
  };
}

async function getJson(path: string, token: string, { githubApiUrl }: Config, isHttpAllowed: boolean): Promise<unknown> {
  const url = new URL(githubApiUrl.replace(/\/$/, '') + path);
  const headers = new Headers({ accept: 'application/vnd.github+json', 'user-agent': `llm-cli-gateway/${VERSION}` });
  const response = await oauth.protectedResourceRequest(token, 'GET', url, headers, null, fetchOptions({ isHttpAllowed }));
  return response.ok ? response.json() : null;
}

/** Sign-in with GitHub. Allowed are logins, ids as `id:number`, and active members of organizations. */
export const github: IdentityProvider = {
  setup,
  identify: async (config, { isHttpAllowed }, { accessToken }) => {
    const { id, login } = GithubUser.parse(await getJson('/user', accessToken, config, isHttpAllowed));
    const isMember = async (name: string) => {
      const path = `/user/memberships/orgs/${encodeURIComponent(name)}`;
      const membership = Membership.safeParse(await getJson(path, accessToken, config, isHttpAllowed));
      return membership.data?.state === 'active';
    };
    const [name, byId] = [login.toLowerCase(), `id:${id}`];
    const names = [name, byId];
    const named = [...config.githubAllowed, ...config.ownerSignIns];
    const isNamed = hasName(config.githubAllowed, names);
    const isAllowed = isNamed || (await Promise.all(organizations(config).map(isMember))).includes(true);
    const isReusable = hasName(named, [name]) && !hasName(named, [byId]);
    return { subject: String(id), label: login, names, isAllowed, ...(isReusable && { reusableName: name }) };
  },
};
