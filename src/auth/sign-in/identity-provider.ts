import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi';
import type { Config } from '../../config.ts';

/** A person as another site knows them. */
export interface Identity {
  /** Never given to anyone else there. */
  subject: string;
  /** As the person is shown here. */
  label: string;
  /** Names that OWNER_SIGN_INS may hold, in lower case. */
  names: string[];
  isAllowed: boolean;
}

/** What a sign-in at another site works with. */
export interface Party {
  server: AuthorizationServer;
  client: Client;
  auth: ClientAuth;
  /** Space-separated. */
  scope: string;
  /** True only for a server on this machine. */
  isHttpAllowed: boolean;
}

/** Longest wait for an answer of the other site, in ms. */
export const IDENTITY_TIMEOUT_MS = 10_000;

/** Another site that signs people in. */
export interface IdentityProvider {
  party: (config: Config) => Promise<Party>;
  /** Who it was, by the answer to the code. */
  identify: (config: Config, party: Party, answer: Redeemed) => Promise<Identity>;
}

export interface Redeemed {
  accessToken: string;
  /** Claims of the ID token, where there is one. */
  claims: Record<string, unknown> | undefined;
}

/** True where a list names one of these, whatever the case. */
export const hasName = (list: readonly string[], names: string[]) => list.some((entry) => names.includes(entry.toLowerCase()));
