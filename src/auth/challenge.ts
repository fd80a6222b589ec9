import type { Caller, Scope } from '../caller.ts';
import { toHttpError } from '../errors.ts';
import { BASELINE } from './scopes.ts';

/** Where RFC 9728 metadata of a resource is: the path form. */
const metadataUrl = (resource: string) => resource.replace(/\/mcp$/, '/.well-known/oauth-protected-resource/mcp');

const challenge = (parameters: Record<string, string>) =>
  `Bearer ${Object.entries({ realm: 'LLM CLI Gateway', ...parameters })
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`;

function withChallenge(answer: Response, parameters: Record<string, string>): Response {
  answer.headers.set('www-authenticate', challenge(parameters));
  answer.headers.set('cache-control', 'no-store');
  return answer;
}

/** 401: where to get a token, and which scopes to ask for. */
export function unauthorized(request: Request, resource: string): Response {
  const isTokenWrong = request.headers.has('authorization');
  return withChallenge(toHttpError({ code: 'unauthorized' }), {
    ...(isTokenWrong && { error: 'invalid_token' }),
    resource_metadata: metadataUrl(resource),
    scope: BASELINE.join(' '),
  });
}

/** 403: every scope that the caller needs, those it has included, because clients ask for exactly these. */
export function insufficientScope({ scopes }: Caller, missing: readonly Scope[], resource: string): Response {
  return withChallenge(toHttpError({ code: 'scope_missing', scope: missing.join(' ') }), {
    error: 'insufficient_scope',
    resource_metadata: metadataUrl(resource),
    scope: [...scopes, ...missing].join(' '),
  });
}
