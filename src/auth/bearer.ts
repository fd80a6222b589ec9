import { z } from 'zod';
import { type Caller, OWNER, SCOPES } from '../caller.ts';
import type { Config } from '../config.ts';
import { accessOf } from '../objects.ts';
import { oauthServer } from './oauth/server.ts';
import { isScope } from './scopes.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;
/** Secret scanners find a leaked token by its prefix. The account names the object that stores its hash. */
const API_TOKEN = /^lcg_([a-z0-9]{1,64})_([\w-]{43})$/;
/** The account, the grant and the secret of a token that the OAuth server issued. */
const OAUTH_TOKEN = /^[a-z0-9]{1,64}:([\w-]{1,64}):[\w-]{1,128}$/;

/** The text of an API token. */
export const apiToken = (account: string, secret: string) => `lcg_${account}_${secret}`;

/** What consent stores with a grant for its tokens. */
const Props = z.object({ showsApprovals: z.boolean().optional() });

const sha256 = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));

/** Compares digests, so that the time reveals neither content nor length. */
async function isEqual(given: string, known: string): Promise<boolean> {
  const digests = await Promise.all([sha256(given), sha256(known)]);
  return crypto.subtle.timingSafeEqual(...digests);
}

async function apiCaller(account: string, secret: string, env: Env): Promise<Caller | null> {
  const token = await accessOf(env, { account }).useToken(secret);
  return token && { account, grant: `token_${token.id}`, scopes: token.scopes };
}

async function oauthCaller(token: string, grant: string, env: Env, resource: string): Promise<Caller | null> {
  const valid = await oauthServer(resource).validateToken(resource, token, env);
  if (!valid) return null;
  const { showsApprovals } = Props.catch({}).parse(valid.props);
  return { account: valid.userId, grant, scopes: valid.scope.filter(isScope), ...(showsApprovals && { showsApprovals }) };
}

/** The caller behind a bearer token: the gateway token, an API token, or an OAuth token for this resource. Null if unknown. */
export async function bearerCaller(request: Request, env: Env, config: Config, resource: string): Promise<Caller | null> {
  const [, token] = BEARER.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token === undefined) return null;
  const [, account, secret] = API_TOKEN.exec(token) ?? [];
  if (account && secret) return apiCaller(account, secret, env);
  const [, grant] = OAUTH_TOKEN.exec(token) ?? [];
  if (grant) return oauthCaller(token, grant, env, resource);
  const isOwner = config.gatewayToken !== undefined && (await isEqual(token, config.gatewayToken));
  return isOwner ? { account: OWNER, grant: OWNER, scopes: SCOPES } : null;
}
