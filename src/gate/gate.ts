import { waitUntil } from 'cloudflare:workers';
import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import type { Provider } from '../../container/providers/provider.ts';
import { readConfig } from '../config.ts';
import { type Failure, toHttpError } from '../errors.ts';
import { jobName, jobOf } from '../objects.ts';
import { meter } from './meter.ts';
import { rechunk } from './rechunk.ts';
import { retryAtOf } from './retry-at.ts';
import { isPlainPath, upstreamUrl } from './upstream-url.ts';
import { upstreamOf, withKey } from './upstreams.ts';

/** Headers that carry a key; a CLI puts its run's token into one of them. */
const KEY_HEADERS = [
  ...new Set(Object.values(providers).flatMap(({ service }) => service.keys.map(({ header }) => header.toLowerCase()))),
];

/** Headers that belong to one connection or one network. */
const CONNECTION_HEADER =
  /^(cookie|host|connection|content-length|expect|transfer-encoding|accept-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/;

const isForwarded = (name: string) => !KEY_HEADERS.includes(name) && name !== 'authorization' && !CONNECTION_HEADER.test(name);

const refuse = (reason: string) => toHttpError({ code: 'gate_refused', reason } satisfies Failure);

/** Account, job and secret of a run's token, or null. */
function readToken(headers: Headers): { job: string; secret: string } | null {
  const [token = ''] = KEY_HEADERS.flatMap((name) => headers.get(name)?.replace(/^Bearer /i, '') ?? []);
  const [, account, id, secret] = /^([\w-]{1,64})\.([\w-]{1,64})\.([\w-]{16,128})$/.exec(token) ?? [];
  return account && id && secret ? { job: jobName({ account, id }), secret } : null;
}

/** Reports a call's usage to its job. The response waits for this, so that a budget is checked before the next call. */
async function reportSpend(env: Env, job: string, call: string, usage: Usage): Promise<void> {
  await jobOf(env, job)
    .recordSpend(call, usage)
    .catch((error: unknown) => console.error(JSON.stringify({ job, call, error: String(error) })));
}

/** Reports to a job when its model service accepts calls again, or that it did not say. */
async function reportRetryAt(env: Env, job: string, retryAt: number | undefined): Promise<void> {
  await jobOf(env, job)
    .recordRetryAt(retryAt)
    .catch((error: unknown) => console.error(JSON.stringify({ job, retryAt, error: String(error) })));
}

/**
 * The model service's response, or null if the service is unreachable. A run that abandons a call is billed for it, so the response is
 * metered to its end; a call of a run that is over is aborted.
 */
async function forward(request: Request, client: AbortSignal, env: Env, job: string, provider: Provider) {
  const abort = new AbortController();
  const onAbandoned = async () => {
    const isWanted = await jobOf(env, job)
      .isWanted()
      .catch(() => true);
    if (!isWanted) abort.abort();
  };
  client.addEventListener('abort', () => waitUntil(onAbandoned()));
  const response = await fetch(request, { signal: abort.signal }).catch(() => null);
  if (!response) return null;
  // The run's error reports the time, so it is stored before the CLI sees the refusal.
  if (!response.ok) await reportRetryAt(env, job, retryAtOf(response.headers, Date.now()));
  const call = crypto.randomUUID();
  const report = (usage: Usage) => reportSpend(env, job, call, usage);
  return meter(rechunk(response), provider.service.usageReader(), report, { signal: client, onAbandoned }, waitUntil);
}

/**
 * Handles a model request of a run to /gate/<provider>/..., from loopback or from a container. Checks the run's token, allows the
 * provider's model paths only, replaces the token by the provider's key, streams both ways and meters the usage.
 */
export async function handleModelRequest(request: Request, env: Env): Promise<Response> {
  const config = readConfig(env);
  const { pathname, search } = new URL(request.url);
  const [, id = '', path = '/'] = /^\/gate\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  const token = readToken(request.headers);
  if (!provider || !token) return refuse('Unknown provider, or no token of a run.');
  if (!(await jobOf(env, token.job).mayCallModel(token.secret, id))) return refuse('The token does not belong to a running job.');
  const isAllowed = provider.service.paths.some((allowed) => allowed.method === request.method && allowed.path.test(path));
  if (!isAllowed || !isPlainPath(path)) return refuse('Only model calls are allowed.');
  const headers = withKey(
    provider,
    config,
    [...request.headers].filter(([name]) => isForwarded(name)),
  );
  if (!headers) return refuse(`No key for ${provider.title} is set.`);
  const body = ['GET', 'HEAD'].includes(request.method) ? undefined : request.body;
  const url = upstreamUrl(upstreamOf(provider, config), path, search);
  const keyed = new Request(url, { method: request.method, headers, body, redirect: 'manual' });
  const response = forward(keyed, request.signal, env, token.job, provider);
  // A run that leaves before its response begins has used the model all the same.
  waitUntil(response);
  return (await response) ?? toHttpError({ code: 'upstream_unreachable', provider: provider.title });
}
