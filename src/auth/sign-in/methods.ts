import type { Config } from '../../config.ts';

/** A sign-in method, and how far it is configured. */
export interface SignInMethod {
  id: 'passphrase' | 'oidc' | 'github';
  /** Label of its button. */
  title: string;
  /** Settings that are not set. Empty: the method is ready. */
  missing: string[];
  /** True if any of its settings is set. */
  hasSettings: boolean;
}

type SettingReader = (config: Config) => unknown;

const METHOD_SETTINGS = {
  passphrase: { OWNER_PASSPHRASE_HASH: (config) => config.ownerPassphraseHash },
  oidc: {
    OIDC_ISSUER: (config) => config.oidcIssuer,
    OIDC_CLIENT_ID: (config) => config.oidcClientId,
    OIDC_CLIENT_SECRET: (config) => config.oidcClientSecret,
    OIDC_ALLOWED: (config) => config.oidcAllowed.length > 0,
  },
  github: {
    GITHUB_CLIENT_ID: (config) => config.githubClientId,
    GITHUB_CLIENT_SECRET: (config) => config.githubClientSecret,
    GITHUB_ALLOWED: (config) => config.githubAllowed.length > 0,
  },
} as const satisfies Record<SignInMethod['id'], Record<string, SettingReader>>;

function method(id: SignInMethod['id'], title: string, config: Config): SignInMethod {
  const settings = Object.entries<SettingReader>(METHOD_SETTINGS[id]);
  const missing = settings.filter(([, read]) => !read(config)).map(([name]) => name);
  return { id, title, missing, hasSettings: missing.length < settings.length };
}

/** All sign-in methods, ready or not. */
export function signInMethods(config: Config): SignInMethod[] {
  const issuer = config.oidcIssuer === undefined ? 'OpenID Connect' : new URL(config.oidcIssuer).host;
  return [
    method('passphrase', 'Owner passphrase', config),
    method('oidc', `Sign in with ${issuer}`, config),
    method('github', 'Sign in with GitHub', config),
  ];
}

/** The sign-in methods that are ready. */
export const readyMethods = (config: Config) => signInMethods(config).filter(({ missing }) => missing.length === 0);
