import { z } from 'zod';
import { clock } from '../../clock.ts';
import { accessOf } from '../../objects.ts';
import type { AppContext } from '../app-env.ts';
import { secretHash } from '../tokens/secret.ts';

/** A request to the token endpoint, and what the endpoint answered. */
export interface TokenRequest {
  url: string;
  headers: [name: string, value: string][];
  body: string;
}
export interface TokenReply {
  status: number;
  headers: [name: string, value: string][];
  body: string;
}

/** How long an equal refresh receives the answer of the first, in ms. */
const REPEAT_MAX_MS = 60_000;

/** The account, the grant and the secret of a refresh token. */
const REFRESH_TOKEN = /^([a-z0-9]{1,64}):[\w-]{1,64}:[\w-]{1,128}$/;
const FORM = 'application/x-www-form-urlencoded';
const ALLOWED_ORIGIN = 'access-control-allow-origin';

const Issued = z.object({ access_token: z.string() });

/** The access token of an answer, or undefined if it is a refusal. */
export const issuedToken = ({ status, body }: TokenReply): string | undefined =>
  status === 200 ? Issued.parse(JSON.parse(body)).access_token : undefined;

/**
 * Answers of the last minute, in memory only. A client may refresh from several places at once; without this, each answer would end the
 * refresh tokens of the others.
 */
export class RecentRefreshes {
  readonly #replies = new Map<string, { reply: Promise<TokenReply>; until: number }>();

  /** The answer to an equal request, if its token still works; otherwise that of `refresh`. */
  async once(
    key: string,
    isValid: (reply: TokenReply) => Promise<boolean>,
    refresh: () => Promise<TokenReply>,
  ): Promise<TokenReply> {
    const known = this.#replies.get(key);
    if (known && clock.now() < known.until && (await known.reply.then(isValid))) return known.reply;
    if (this.#replies.get(key) !== known) return this.once(key, isValid, refresh);
    const latest = { reply: refresh(), until: clock.now() + REPEAT_MAX_MS };
    this.#replies.set(key, latest);
    const forget = () => this.#replies.get(key) === latest && this.#replies.delete(key);
    setTimeout(forget, REPEAT_MAX_MS);
    latest.reply.catch(forget);
    return latest.reply;
  }
}

/** Answers a refresh in the object of its account, so that equal requests meet there. Undefined for any other request. */
export async function answerRefresh(c: AppContext): Promise<Response | undefined> {
  const { url, headers } = c.req.raw;
  if (!headers.get('content-type')?.startsWith(FORM)) return undefined;
  const body = new TextDecoder().decode(await c.req.raw.clone().arrayBuffer());
  const form = new URLSearchParams(body);
  const [, account] = REFRESH_TOKEN.exec(form.get('refresh_token') ?? '') ?? [];
  if (form.get('grant_type') !== 'refresh_token' || account === undefined) return undefined;
  form.sort();
  const key = await secretHash(JSON.stringify([headers.get('authorization'), form.toString()]));
  const origin = headers.get('origin');
  // A repeat may come from a browser although the first refresh did not, so every stored answer has the headers that a browser needs.
  const sent = new Headers(headers);
  sent.set('origin', origin ?? new URL(c.var.resource).origin);
  const reply = await accessOf(c.env, { account }).refresh(key, c.var.resource, { url, headers: [...sent], body });
  const response = new Response(reply.body, reply);
  if (origin !== null && response.headers.has(ALLOWED_ORIGIN)) response.headers.set(ALLOWED_ORIGIN, origin);
  return response;
}
