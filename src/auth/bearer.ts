import type { Config } from '../config.ts';
import { type Caller, SCOPES } from '../mcp/call.ts';

const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));

/** The owner, if the request carries the gateway's own token; null otherwise. Digests are compared, so that neither content nor length shows in the time. */
export async function bearerCaller(request: Request, { gatewayToken }: Config): Promise<Caller | null> {
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token === undefined || gatewayToken === undefined) return null;
  const [given, known] = await Promise.all([digest(token), digest(gatewayToken)]);
  return crypto.subtle.timingSafeEqual(given, known) ? { account: 'owner', grant: 'owner', scopes: SCOPES } : null;
}
