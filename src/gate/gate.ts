import { waitUntil } from 'cloudflare:workers';
import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { readConfig } from '../config.ts';
import { type Failure, toHttpError } from '../errors.ts';
import { jobName, jobOf } from '../objects.ts';
import { metered } from './meter.ts';
import { withWideReads } from './rechunk.ts';
import { isPlainPath, upstreamUrl } from './upstream-url.ts';
import { UPSTREAMS } from './upstreams.ts';

/** Headers of a CLI that go no further: its placeholder key, and what belongs to one connection. */
const DROPPED =
  /^(authorization|x-api-key|cookie|host|connection|content-length|expect|transfer-encoding|accept-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/i;

const refuse = (reason: string): Failure => ({ code: 'gate_refused', reason });

/** Account, job and secret of a run's token. */
function readToken(headers: Headers): { job: string; secret: string } | null {
  const shown = headers.get('x-api-key') ?? headers.get('authorization')?.replace(/^Bearer /i, '') ?? '';
  const [, account, id, secret] = /^([\w-]{1,64})\.([\w-]{1,64})\.([\w-]{16,128})$/.exec(shown) ?? [];
  return account && id && secret ? { job: jobName({ account, id }), secret } : null;
}

/** Tells the job what a call used. The answer waits for it, so that a budget is looked at before the next call. */
async function recordSpend(env: Env, job: string, call: string, usage: Usage): Promise<void> {
  await jobOf(env, job)
    .recordSpend(call, usage)
    .catch((error: unknown) => console.error(JSON.stringify({ job, call, error: String(error) })));
}

/**
 * The model service's answer, null where it cannot be reached. A run that leaves its call and goes on is billed for it, so the answer is
 * metered to its end; what a run asked for that is over, or ends, is called off.
 */
async function passOn(request: Request, caller: AbortSignal, env: Env, job: string): Promise<Response | null> {
  const service = new AbortController();
  const left = async () => {
    const goesOn = await jobOf(env, job)
      .goesOn()
      .catch(() => true);
    if (!goesOn) service.abort();
  };
  caller.addEventListener('abort', () => waitUntil(left()));
  const answer = await fetch(request, { signal: service.signal }).catch(() => null);
  const call = crypto.randomUUID();
  return (
    answer && metered(withWideReads(answer), (usage) => recordSpend(env, job, call, usage), { gone: caller, left }, waitUntil)
  );
}

/**
 * The door for model traffic to /gate/<provider>/..., whether it comes by loopback or out of a container: checks a run's token, lets
 * only the provider's model paths through, puts the provider's key in its place, streams both ways and meters what is used.
 */
export async function passGate(request: Request, env: Env): Promise<Response> {
  const config = readConfig(env);
  const { pathname, search } = new URL(request.url);
  const [, providerId = '', path = '/'] = /^\/gate\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const provider = Object.values(providers).find(({ id }) => id === providerId);
  const upstream = UPSTREAMS[providerId];
  const token = readToken(request.headers);
  if (!provider || !upstream || !token) return toHttpError(refuse('The gate knows no such provider or run.'));
  if (!(await jobOf(env, token.job).authorizes(token.secret, provider.id)))
    return toHttpError(refuse('This token belongs to no run that is going on.'));
  const isAllowed = provider.gatePaths.some((allowed) => allowed.method === request.method && allowed.path.test(path));
  if (!isAllowed || !isPlainPath(path)) return toHttpError(refuse('The gate passes model calls only.'));
  const headers = new Headers([...request.headers].filter(([name]) => !DROPPED.test(name)));
  const credentials = upstream.credentials(config, headers);
  if (!credentials) return toHttpError(refuse(`The gateway has no key for ${provider.title}.`));
  for (const [name, value] of Object.entries(credentials)) headers.set(name, value);
  const body = ['GET', 'HEAD'].includes(request.method) ? undefined : request.body;
  const url = upstreamUrl(upstream.url(config), path, search);
  const asked = new Request(url, { method: request.method, headers, body, redirect: 'manual' });
  const answer = passOn(asked, request.signal, env, token.job);
  // A run that leaves before its answer is there has used the model all the same.
  waitUntil(answer);
  return (await answer) ?? toHttpError({ code: 'upstream_unreachable', provider: provider.title });
}
