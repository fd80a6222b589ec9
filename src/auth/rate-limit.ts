import { fail, ok, type Result } from '../errors.ts';

/** The period of the bindings in wrangler.toml. */
const PERIOD_MS = 60_000;

/** The client's IPv4 address or the /64 of its IPv6 address. Undefined without Cloudflare in front, as on a laptop. */
export function clientIp(request: Request): string | undefined {
  const address = request.headers.get('cf-connecting-ip') ?? undefined;
  return address?.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/** Counts a request of `key`. An undefined key is not limited. */
export async function countRequest(limiter: RateLimit, key: string | undefined): Promise<Result<null>> {
  if (key === undefined) return ok(null);
  const { success } = await limiter.limit({ key });
  return success ? ok(null) : fail({ code: 'rate_limited', retryAfterMs: PERIOD_MS });
}
