import { type Failure, fail, ok, type Result } from '../errors.ts';

/** The period of the bindings in wrangler.toml. */
const PERIOD_MS = 60_000;

/**
 * Where a request comes from, as it is counted: an IPv4 address or the /64 of an IPv6 one. Undefined on a laptop, where no Cloudflare
 * stands in front and everyone is the same machine.
 */
export function addressOf(request: Request): string | undefined {
  const address = request.headers.get('cf-connecting-ip') ?? undefined;
  return address?.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

const limited: Failure = { code: 'rate_limited', retryAfterMs: PERIOD_MS };

/** Counts a request of `key`; an undefined key is not counted. */
export async function countRequest(limiter: RateLimit, key: string | undefined): Promise<Result<null>> {
  if (key === undefined) return ok(null);
  const { success } = await limiter.limit({ key });
  return success ? ok(null) : fail(limited);
}
