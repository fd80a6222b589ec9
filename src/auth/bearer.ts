import { type Caller, OWNER, SCOPES } from '../caller.ts';
import type { Config } from '../config.ts';
import { accessOf } from '../objects.ts';
import { oauthServer } from './oauth/server.ts';
import { isScope } from './scopes.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;
/** The prefix lets scanners for leaked secrets find the token; the account says where it is kept. */
const API_TOKEN = /^lcg_([a-z0-9]{1,64})_([\w-]{43})$/;
/** The account, the grant and the secret of a token that the OAuth server issued. */
const OAUTH_TOKEN = /^[a-z0-9]{1,64}:([\w-]{1,64}):[\w-]{1,128}$/;

/** An API token as it is shown once. */
export const apiToken = (account: string, secret: string) => `lcg_${account}_${secret}`;

const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));

/** Digests are compared, so that neither content nor length shows in the time. */
async function isEqual(given: string, known: string): Promise<boolean> {
  const digests = await Promise.all([digest(given), digest(known)]);
  return crypto.subtle.timingSafeEqual(...digests);
}

async function apiCaller(account: string, secret: string, env: Env): Promise<Caller | null> {
  const token = await accessOf(env, { account }).useToken(secret);
  return token && { account, grant: `token_${token.id}`, scopes: token.scopes };
}

async function oauthCaller(token: string, grant: string, env: Env, resource: string): Promise<Caller | null> {
  const valid = await oauthServer(resource).validateToken(resource, token, env);
  return valid && { account: valid.userId, grant, scopes: valid.scope.filter(isScope) };
}

/** Who calls, by the request's bearer token: the owner's, an API token, or one of an OAuth grant for this resource. Null: nobody known. */
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
