import type { Caller, Scope } from '../caller.ts';
import { toHttpError } from '../errors.ts';
import { BASELINE } from './scopes.ts';

/** URL of a resource's RFC 9728 metadata, in the path form. */
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

/** Answers 401, with the metadata URL and the scopes to request. */
export function unauthorized(request: Request, resource: string): Response {
  const isTokenWrong = request.headers.has('authorization');
  return withChallenge(
    toHttpError({ code: 'unauthorized', isTokenSent: /^Bearer +\S/i.test(request.headers.get('authorization') ?? '') }),
    {
      ...(isTokenWrong && { error: 'invalid_token' }),
      resource_metadata: metadataUrl(resource),
      scope: BASELINE.join(' '),
    },
  );
}

/** Answers 403, with the caller's scopes and the missing ones, because clients request exactly what is named here. */
export function insufficientScope({ scopes }: Caller, missing: readonly Scope[], resource: string): Response {
  return withChallenge(toHttpError({ code: 'scope_missing', scope: missing.join(' ') }), {
    error: 'insufficient_scope',
    resource_metadata: metadataUrl(resource),
    scope: [...scopes, ...missing].join(' '),
  });
}
