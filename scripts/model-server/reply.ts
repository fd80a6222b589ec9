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

/** Four characters of JSON are counted as one token. */
export const tokensOf = (value: unknown) => Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4));

/** xAI's price of a call: 1 USD = 10^10 ticks, here 2 USD and 10 USD per million tokens in and out. */
export const ticksOf = (tokensIn: number, tokensOut: number) => tokensIn * 20_000 + tokensOut * 100_000;

/** Answers with JSON. */
export function sendJson(res: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) {
  const ids = { 'request-id': newId('req_'), 'x-request-id': newId('req_') };
  res.writeHead(status, { 'content-type': 'application/json', ...ids, ...headers });
  res.end(JSON.stringify(value));
}

/** Answers without a stream, after the time that a stream would take. */
export async function sendWhole(res: ServerResponse, plan: Plan, value: unknown) {
  if (plan.spreadMs) await sleep(plan.spreadMs);
  await plan.pause?.();
  sendJson(res, 200, value);
}

/** Answers with an HTTP error in the shape of the wire protocol. */
export function sendError(res: ServerResponse, status: number, wire: Wire, message = `mock error ${status}`) {
  const type = ERROR_TYPES[status];
  const headers = status === 429 ? { 'retry-after': '1' } : undefined;
  const error = { message, type: type ?? 'api_error', code: type ?? null };
  const body =
    wire === 'anthropic'
      ? { type: 'error', error: { type: error.type, message }, request_id: newId('req_') }
      : { code: type ?? 'internal', error };
  sendJson(res, status, body, headers);
}

/** Starts a stream of server-sent events. The event's name is left out for chat completions, which has none. */
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

/** Writes the text piece by piece. False: the stream was cut, as planned or by the client, and nothing may follow. */
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

/** Words with the space after them. */
export const wordsOf = (text: string) => text.match(/\S+\s*/g) ?? [];
