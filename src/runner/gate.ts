import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { readConfig } from '../config.ts';
import { type Failure, toHttpError } from '../errors.ts';
import { metered } from './meter.ts';
import { UPSTREAMS } from './upstreams.ts';
import { withWideReads } from './wide-reads.ts';

/** Headers of a CLI that go no further: its placeholder key, and what belongs to one connection. */
const DROPPED =
  /^(authorization|x-api-key|cookie|host|connection|content-length|expect|transfer-encoding|accept-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/i;

const refuse = (reason: string): Failure => ({ code: 'gate_refused', reason });

/** Account, job and secret of a run's token. */
function readToken(headers: Headers): { job: string; secret: string } | null {
  const shown = headers.get('x-api-key') ?? headers.get('authorization')?.replace(/^Bearer /i, '') ?? '';
  const [, account, id, secret] = /^([\w-]{1,64})\.([\w-]{1,64})\.([\w-]{16,128})$/.exec(shown) ?? [];
  return account && id && secret ? { job: `${account}/${id}`, secret } : null;
}

/** Tells the job what a call used. The answer waits for it, so that a budget is looked at before the next call. */
async function recordSpend(env: Env, job: string, call: string, usage: Usage): Promise<void> {
  await env.JOBS.getByName(job)
    .recordSpend(call, usage)
    .catch((error: unknown) => console.error(JSON.stringify({ job, call, error: String(error) })));
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
  if (!(await env.JOBS.getByName(token.job).authorizes(token.secret, provider.id)))
    return toHttpError(refuse('This token belongs to no run that is going on.'));
  const url = new URL(path + search, upstream.url(config));
  if (!provider.gatePaths.some((allowed) => allowed.method === request.method && allowed.path.test(url.pathname)))
    return toHttpError(refuse('The gate passes model calls only.'));
  const headers = new Headers([...request.headers].filter(([name]) => !DROPPED.test(name)));
  const credentials = upstream.credentials(config, headers);
  if (!credentials) return toHttpError(refuse(`The gateway has no key for ${provider.title}.`));
  for (const [name, value] of Object.entries(credentials)) headers.set(name, value);
  const body = ['GET', 'HEAD'].includes(request.method) ? undefined : request.body;
  const call = crypto.randomUUID();
  try {
    const answer = await fetch(url, { method: request.method, headers, body, redirect: 'manual', signal: request.signal });
    return metered(withWideReads(answer), (usage) => recordSpend(env, token.job, call, usage));
  } catch {
    return toHttpError({ code: 'upstream_unreachable', provider: provider.title });
  }
}
