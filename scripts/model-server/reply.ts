import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Plan, pace } from './plan.ts';
import type { Wire } from './request.ts';

const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'api_error',
  529: 'overloaded_error',
};

/** A fresh id with a prefix, as the model APIs make them. */
export const newId = (prefix: string) => prefix + randomBytes(12).toString('hex');

/** Tokens of a value: one per four characters of its JSON. */
export const estimateTokens = (value: unknown) => Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4));

/** xAI's price of a call in ticks (10^10 per USD), at 2 USD and 10 USD per million tokens in and out. */
export const ticksOf = (tokensIn: number, tokensOut: number) => tokensIn * 20_000 + tokensOut * 100_000;

/** Sends JSON. */
export function sendJson(res: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) {
  const ids = { 'request-id': newId('req_'), 'x-request-id': newId('req_') };
  res.writeHead(status, { 'content-type': 'application/json', ...ids, ...headers });
  res.end(JSON.stringify(value));
}

/** Sends an answer without a stream, after the time that its stream would take. */
export async function sendWhole(res: ServerResponse, plan: Plan, value: unknown) {
  if (plan.spreadMs) await sleep(plan.spreadMs);
  await plan.pause?.();
  sendJson(res, 200, value);
}

/** Sends an HTTP error in the shape of the wire protocol. */
export function sendError(
  res: ServerResponse,
  status: number,
  wire: Wire,
  message = `mock error ${status}`,
  headers: Record<string, string> = status === 429 ? { 'retry-after': '1' } : {},
) {
  const type = ERROR_TYPES[status];
  const error = { message, type: type ?? 'api_error', code: type ?? null };
  const body =
    wire === 'anthropic'
      ? { type: 'error', error: { type: error.type, message }, request_id: newId('req_') }
      : { code: type ?? 'internal', error };
  sendJson(res, status, body, headers);
}

/** Starts a stream of server-sent events and returns its writer. Chat completions have no event names. */
export function openStream(res: ServerResponse, { trickle }: Plan) {
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    connection: 'keep-alive',
    'request-id': newId('req_'),
  });
  res.flushHeaders();
  return (data: unknown, event?: string) => {
    if (res.destroyed) return;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const bytes = Buffer.from(`${event ? `event: ${event}\n` : ''}data: ${text}\n\n`);
    const size = trickle ? 1 : bytes.length;
    for (let at = 0; at < bytes.length; at += size) res.write(bytes.subarray(at, at + size));
  };
}

/** Writes the text piece by piece. Returns false if the stream was cut by plan or by the client; nothing may follow then. */
export async function streamText(
  res: ServerResponse,
  plan: Plan,
  write: (piece: string) => void,
  writeError: () => void,
): Promise<boolean> {
  let sent = 0;
  for await (const piece of pace(plan)) {
    write(piece);
    sent += 1;
    if (plan.cut && sent === 2) {
      CUTS[plan.cut](res, writeError);
      return false;
    }
    if (res.destroyed) return false;
  }
  return true;
}

const CUTS: Record<NonNullable<Plan['cut']>, (res: ServerResponse, writeError: () => void) => void> = {
  // The connection stays open, silent.
  stall: () => {},
  drop: (res) => res.destroy(),
  'sse-error': (res, writeError) => {
    writeError();
    res.end();
  },
};

/** The words of a text, each with the space after it. */
export const wordsOf = (text: string) => text.match(/\S+\s*/g) ?? [];
