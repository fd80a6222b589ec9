import { DurableObject } from 'cloudflare:workers';
import type { Access as AuditedAccess } from '../../account/audit.ts';
import type { Scope } from '../../caller.ts';
import { clock } from '../../clock.ts';
import { DAY_MS, readConfig } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { accountOf } from '../../objects.ts';
import type { CredentialDraft } from '../credentials/draft.ts';
import { CredentialStore } from '../credentials/store.ts';
import { type ShownCredential, Vault } from '../credentials/vault.ts';
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

/** The API tokens of one account, its credentials, the browser sessions of its person and its last refreshes. Secrets are stored as hashes, credentials sealed. */
export class Access extends DurableObject<Env> {
  readonly #tokens = new TokenStore(this.ctx.storage);
  readonly #sessions = new BrowserSessionStore(this.ctx.storage);
  readonly #refreshes = new RecentRefreshes();
  readonly #credentials = new CredentialStore(this.ctx.storage);
  readonly #vault = new Vault(this.#credentials, this.ctx.id.name ?? '', readConfig(this.env));

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

  /** Stores a credential, sealed, in place of one with the same name. No page and no tool returns its value. */
  async setCredential(draft: CredentialDraft, by: string): Promise<Result<null>> {
    const stored = await this.#vault.put(draft, clock.now());
    if (stored.ok) await this.#record({ event: 'credential set', by, what: draft.name });
    return stored;
  }

  /** All credentials by name, without their values. */
  credentials(): Promise<ShownCredential[]> {
    return this.#vault.shown();
  }

  /** Removes a credential, so that the next model call goes without it. False for an unknown name. */
  async removeCredential(name: string, by: string): Promise<boolean> {
    const isRemoved = this.#credentials.remove(name);
    if (isRemoved) await this.#record({ event: 'credential removed', by, what: name });
    return isRemoved;
  }

  /** The first credential of some names that is stored, with its value, for the gate. Null if none is. */
  useCredential(names: string[]): Promise<CredentialDraft | null> {
    return this.#vault.use(names, clock.now());
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
