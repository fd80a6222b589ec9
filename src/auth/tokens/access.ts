import { DurableObject } from 'cloudflare:workers';
import type { Scope } from '../../caller.ts';
import { DAY_MS } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
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

/** The API tokens of one account and the browser sessions of its person. Secrets are stored as hashes. */
export class Access extends DurableObject<Env> {
  readonly #tokens = new TokenStore(this.ctx.storage);
  readonly #sessions = new BrowserSessionStore(this.ctx.storage);

  /** Creates an API token. Nothing later returns its secret. */
  async createToken({ name, scopes, days }: TokenDraft): Promise<Result<{ secret: string; token: ApiToken }>> {
    if (this.#tokens.all().length >= MAX_TOKENS)
      return fail({
        code: 'invalid_input',
        issues: [`The account has ${MAX_TOKENS} API tokens, limit ${MAX_TOKENS}. Revoke one first.`],
      });
    const secret = randomSecret();
    const now = Date.now();
    const expiresAt = days === undefined ? null : now + days * DAY_MS;
    const token = { id: crypto.randomUUID(), name, scopes: [...scopes], createdAt: now, expiresAt };
    this.#tokens.add(await secretHash(secret), token);
    return ok({ secret, token: { ...token, usedAt: null } });
  }

  /** Marks an API token as used. Null for an unknown, revoked or expired one. */
  async useToken(secret: string): Promise<{ id: string; scopes: Scope[] } | null> {
    return this.#tokens.use(await secretHash(secret), Date.now()) ?? null;
  }

  /** All API tokens, newest first. */
  tokens(): ApiToken[] {
    return this.#tokens.all();
  }

  /** Revokes an API token, so that the next call with it fails. False for an unknown id. */
  revokeToken(id: string): boolean {
    return this.#tokens.remove(id);
  }

  /** Signs a browser in. Returns the secret for its cookie. */
  async openBrowserSession(label: string): Promise<string> {
    const secret = randomSecret();
    const now = Date.now();
    this.#sessions.add(await secretHash(secret), label, now + BROWSER_SESSION_MS, now);
    return secret;
  }

  /** The label of the person who is signed in with a secret, or null. */
  async browserSessionLabel(secret: string): Promise<string | null> {
    return this.#sessions.label(await secretHash(secret), Date.now()) ?? null;
  }

  async closeBrowserSession(secret: string): Promise<void> {
    this.#sessions.remove(await secretHash(secret));
  }
}
