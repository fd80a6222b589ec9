import { type AuthorizationServer, allowInsecureRequests, type Client, type ClientAuth } from 'oauth4webapi';
import type { Config } from '../../config.ts';

/** A person as an identity provider reports them. */
export interface Identity {
  /** Never assigned to another person. */
  subject: string;
  /** How pages show the person. */
  label: string;
  /** Names that OWNER_SIGN_INS may list, in lower case. */
  names: string[];
  isAllowed: boolean;
  /** The name by which the settings admit the person, if its holder can give it up and another person can take it. */
  reusableName?: string;
}

/** Endpoints and credentials of a sign-in at an identity provider. */
export interface OAuthSetup {
  server: AuthorizationServer;
  client: Client;
  auth: ClientAuth;
  /** Space-separated. */
  scope: string;
  /** True only for a server on this machine. */
  isHttpAllowed: boolean;
}

/** Longest wait for an answer of an identity provider, in ms. */
const ANSWER_MAX_MS = 10_000;

/** Options of a request to an identity provider. */
export const fetchOptions = ({ isHttpAllowed }: Pick<OAuthSetup, 'isHttpAllowed'>) => ({
  [allowInsecureRequests]: isHttpAllowed,
  signal: AbortSignal.timeout(ANSWER_MAX_MS),
});

/** A site that signs people in. */
export interface IdentityProvider {
  setup: (config: Config) => Promise<OAuthSetup>;
  identify: (config: Config, setup: OAuthSetup, answer: RedeemedCode) => Promise<Identity>;
}

/** Tokens that an authorization code was exchanged for. */
export interface RedeemedCode {
  accessToken: string;
  /** Claims of the ID token, or undefined if there is none. */
  claims: Record<string, unknown> | undefined;
}

/** True if a list contains one of `names`, ignoring case. */
export const hasName = (list: readonly string[], names: string[]) => list.some((entry) => names.includes(entry.toLowerCase()));
