import { waitUntil } from 'cloudflare:workers';
import type { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import type { Provider } from '../../container/providers/provider.ts';
import { readConfig } from '../config.ts';
import { type Failure, toHttpError } from '../errors.ts';
import { jobOf } from '../objects.ts';
import { readBody } from './body.ts';
import { readCall } from './bound.ts';
import { meter } from './meter.ts';
import { rechunk } from './rechunk.ts';
import { retryAtOf } from './retry-at.ts';
import { readRunToken } from './run-token.ts';
import { isPlainPath, upstreamUrl } from './upstream-url.ts';
import { payingKey, upstreamOf, withKey } from './upstreams.ts';

/** Headers that carry a key; a CLI puts its run's token into one of them. */
const KEY_HEADERS = [
  ...new Set(Object.values(providers).flatMap(({ service }) => service.keys.map(({ header }) => header.toLowerCase()))),
];

/** Headers that belong to one connection or one network. */
const CONNECTION_HEADER =
  /^(cookie|host|connection|content-length|expect|transfer-encoding|accept-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/;

const isForwarded = (name: string) => !KEY_HEADERS.includes(name) && !CONNECTION_HEADER.test(name);

const refuse = (reason: string) => toHttpError({ code: 'gate_refused', reason } satisfies Failure);

/** The token in the headers of a CLI, or an empty text. */
const tokenIn = (headers: Headers): string =>
  KEY_HEADERS.flatMap((name) => headers.get(name)?.replace(/^Bearer /i, '') ?? [])[0] ?? '';

/** Largest request of a model call, in bytes. The model services accept no larger one. */
const MAX_REQUEST_BYTES = 33_554_432;

/** A call whose cost is reserved. */
interface OpenCall {
  /** The object of its job. */
  job: ReturnType<typeof jobOf>;
  id: string;
}

/** Reports a call's usage to its job, whose budgets decide whether it may go on. A report that fails cuts nothing: the reservation stays. */
async function reportSpend({ job, id }: OpenCall, usage: Usage): Promise<boolean> {
  return job.recordSpend(id, usage).catch((error: unknown) => {
    console.error(JSON.stringify({ call: id, error: String(error) }));
    return true;
  });
}

/** Reports to a job when its model service accepts calls again, or that it did not say. */
async function reportRetryAt(job: OpenCall['job'], retryAt: number | undefined): Promise<void> {
  await job.recordRetryAt(retryAt).catch((error: unknown) => console.error(JSON.stringify({ retryAt, error: String(error) })));
}

/**
 * The model service's response, or null if the service is unreachable. A run that abandons a call is billed for it, so the response is
 * metered to its end; a call of a run that is over is aborted.
 */
async function forward(request: Request, client: AbortSignal, call: OpenCall, provider: Provider) {
  const abort = new AbortController();
  const { job } = call;
  const onAbandoned = async () => {
    if (!(await job.isWanted().catch(() => true))) abort.abort();
  };
  const onEnd = () => job.closeCall(call.id).catch((error: unknown) => console.error(String(error)));
  client.addEventListener('abort', () => waitUntil(onAbandoned()));
  const response = await fetch(request, { signal: abort.signal }).catch(() => null);
  if (!response) {
    await onEnd();
    return null;
  }
  // The run's error reports the time, so it is stored before the CLI sees the refusal.
  if (!response.ok) await reportRetryAt(job, retryAtOf(response.headers, Date.now()));
  const report = (usage: Usage) => reportSpend(call, usage);
  const observer = { usageIn: provider.service.usageReader(), report, onEnd };
  return meter(rechunk(response), observer, { signal: client, onAbandoned }, waitUntil);
}

/**
 * Handles a model request of a run to /gate/<provider>/..., from loopback or from a container. Checks the run's token, allows the
 * provider's model paths only, replaces the token by the provider's key of the account or the operator, streams both ways and meters the usage.
 */
export async function handleModelRequest(request: Request, env: Env): Promise<Response> {
  const config = readConfig(env);
  const { pathname, search } = new URL(request.url);
  const [, id = '', path = ''] = /^\/gate\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  const token = await readRunToken(env, tokenIn(request.headers));
  if (!provider || !token) return refuse('Unknown provider, or no token of a run.');
  const job = jobOf(env, token.job);
  if (!(await job.mayCallModel(token.secret, id))) return refuse('The token does not belong to a running job.');
  const endpoint = provider.service.paths.find(({ method, path: known }) => method === request.method && known.test(path));
  if (!endpoint || !isPlainPath(path)) return refuse('Only model calls are allowed.');
  const key = await payingKey(env, config, token.account, provider);
  if (!key) return refuse(`No key for ${provider.title} is set.`);
  const headers = withKey(
    provider,
    key,
    [...request.headers].filter(([name]) => isForwarded(name)),
  );
  const url = upstreamUrl(upstreamOf(provider, config), path, search);
  const unreachable = () => toHttpError({ code: 'upstream_unreachable', provider: provider.title });
  const keyed = (body: string | undefined) => new Request(url, { method: request.method, headers, body, redirect: 'manual' });
  const json = await readBody(request, MAX_REQUEST_BYTES);
  if (json === null) return toHttpError({ code: 'body_too_large', maxBytes: MAX_REQUEST_BYTES });
  if (request.method !== 'POST' || endpoint.isFree) return fetch(keyed(json || undefined)).catch(unreachable);
  const call = readCall(provider.service, json);
  if (!call.ok) return toHttpError(call.failure);
  const { model, usd } = call.value;
  const opened = await job.openCall({ token: token.secret, provider: id, model, usd, payer: key.payer });
  if (!opened.ok) return toHttpError(opened.failure);
  const response = forward(keyed(call.value.body), request.signal, { job, id: opened.value }, provider);
  // A run that leaves before its response begins has used the model all the same.
  waitUntil(response);
  return (await response) ?? unreachable();
}
