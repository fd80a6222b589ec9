import { DurableObject } from 'cloudflare:workers';
import type { Scope } from '../../caller.ts';
import { DAY_MS } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { BrowserSessionStore } from '../sign-in/browser-session-store.ts';
import { randomSecret, secretHash } from './secret.ts';
import { type ApiToken, TokenStore } from './store.ts';

/** What a new API token is to be. */
export interface TokenDraft {
  name: string;
  scopes: readonly Scope[];
  /** Absent: it never expires. */
  days?: number | undefined;
}

/** A browser stays signed in this long, in ms. */
export const BROWSER_SESSION_MS = 43_200_000;
const MAX_TOKENS = 100;

/** Who may act for one account: its API tokens, and the browsers in which its person is signed in. Secrets are kept as hashes. */
export class Access extends DurableObject<Env> {
  readonly #tokens = new TokenStore(this.ctx.storage);
  readonly #sessions = new BrowserSessionStore(this.ctx.storage);

  /** Makes an API token. Its secret is told here and never again. */
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

  /** The API token of a secret, noted as used; null where there is none, it was revoked or it is over. */
  async useToken(secret: string): Promise<{ id: string; scopes: Scope[] } | null> {
    return this.#tokens.use(await secretHash(secret), Date.now()) ?? null;
  }

  /** All API tokens, newest first. */
  tokens(): ApiToken[] {
    return this.#tokens.all();
  }

  /** Ends an API token: the next call with it fails. False where there is none of this id. */
  revokeToken(id: string): boolean {
    return this.#tokens.remove(id);
  }

  /** Signs a browser in. Returns the secret that its cookie keeps. */
  async openBrowserSession(label: string): Promise<string> {
    const secret = randomSecret();
    const now = Date.now();
    this.#sessions.add(await secretHash(secret), label, now + BROWSER_SESSION_MS, now);
    return secret;
  }

  /** Who is signed in with a secret, as the person is shown; null where nobody is. */
  async browserSessionLabel(secret: string): Promise<string | null> {
    return this.#sessions.label(await secretHash(secret), Date.now()) ?? null;
  }

  async closeBrowserSession(secret: string): Promise<void> {
    this.#sessions.remove(await secretHash(secret));
  }
}
