import { DurableObject } from 'cloudflare:workers';
import type { Access as AuditedAccess } from '../../account/audit.ts';
import type { Scope } from '../../caller.ts';
import { clock } from '../../clock.ts';
import { DAY_MS } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { accountOf } from '../../objects.ts';
import { issuedToken, RecentRefreshes, type TokenReply, type TokenRequest } from '../oauth/refresh.ts';
import { oauthServer } from '../oauth/server.ts';
import { BrowserSessionStore } from '../sign-in/browser-session-store.ts';
import { randomSecret, secretHash } from './secret.ts';
import { type ApiToken, TokenStore } from './store.ts';

/** A requested API token. */
export interface TokenDraft {
  name: string;
  scopes: readonly Scope[];
  /** Lifetime. Absent: never expires. */
  days?: number | undefined;
}

/** A browser stays signed in this long. */
export const BROWSER_SESSION_MS = 43_200_000;
const MAX_TOKENS = 100;

/** The API tokens of one account, the browser sessions of its person and its last refreshes. Secrets are stored as hashes. */
export class Access extends DurableObject<Env> {
  readonly #tokens = new TokenStore(this.ctx.storage);
  readonly #sessions = new BrowserSessionStore(this.ctx.storage);
  readonly #refreshes = new RecentRefreshes();

  /** Creates an API token. Nothing later returns its secret. */
  async createToken({ name, scopes, days }: TokenDraft, by: string): Promise<Result<{ secret: string; token: ApiToken }>> {
    if (this.#tokens.all().length >= MAX_TOKENS)
      return fail({
        code: 'invalid_input',
        issues: [`The account has ${MAX_TOKENS} API tokens, limit ${MAX_TOKENS}. Revoke one first.`],
      });
    const secret = randomSecret();
    const now = clock.now();
    const expiresAt = days === undefined ? null : now + days * DAY_MS;
    const token = { id: crypto.randomUUID(), name, scopes: [...scopes], createdAt: now, expiresAt };
    this.#tokens.add(await secretHash(secret), token);
    await this.#record({ event: 'token created', by, what: `${name}: ${scopes.join(' ')}` });
    return ok({ secret, token: { ...token, usedAt: null } });
  }

  /** Marks an API token as used. Null for an unknown, revoked or expired one. */
  async useToken(secret: string): Promise<{ id: string; scopes: Scope[] } | null> {
    const token = this.#tokens.use(await secretHash(secret), clock.now());
    if (token?.isFirstUse) await this.#record({ event: 'token first used', by: `token_${token.id}`, what: token.name });
    return token ? { id: token.id, scopes: token.scopes } : null;
  }

  /** Writes an access to the audit log of the account, whose name this object has. */
  async #record(access: AuditedAccess): Promise<void> {
    const account = this.ctx.id.name;
    if (account !== undefined) await accountOf(this.env, { account }).recordAccess(access);
  }

  /** All API tokens, newest first. */
  tokens(): ApiToken[] {
    return this.#tokens.all();
  }

  /** Revokes an API token, so that the next call with it fails. False for an unknown id. */
  async revokeToken(id: string, by: string): Promise<boolean> {
    const name = this.#tokens.remove(id);
    if (name !== undefined) await this.#record({ event: 'token revoked', by, what: name });
    return name !== undefined;
  }

  /** Signs a browser in. Returns the secret for its cookie. */
  async openBrowserSession(label: string): Promise<string> {
    const secret = randomSecret();
    const now = clock.now();
    this.#sessions.add(await secretHash(secret), label, now + BROWSER_SESSION_MS, now);
    return secret;
  }

  /** The label of the person who is signed in with a secret, or null. */
  async browserSessionLabel(secret: string): Promise<string | null> {
    return this.#sessions.label(await secretHash(secret), clock.now()) ?? null;
  }

  async closeBrowserSession(secret: string): Promise<void> {
    this.#sessions.remove(await secretHash(secret));
  }

  /** Answers a request with a refresh token. Requests with the same `key` within a minute receive the same answer. */
  refresh(key: string, resource: string, { url, headers, body }: TokenRequest): Promise<TokenReply> {
    const server = oauthServer(resource);
    const isValid = async (reply: TokenReply) => {
      const token = issuedToken(reply);
      return token !== undefined && (await server.validateToken(resource, token, this.env)) !== null;
    };
    return this.#refreshes.once(key, isValid, async () => {
      const waitUntil = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const context = { waitUntil, passThroughOnException: () => {}, props: {} };
      const response = await server.fetch(new Request(url, { method: 'POST', headers, body }), this.env, context);
      return { status: response.status, headers: [...response.headers], body: await response.text() };
    });
  }
}
