import type { Config } from '../../config.ts';

/** A way to sign in, as far as the settings tell. */
export interface Method {
  id: 'passphrase' | 'oidc' | 'github';
  /** As a button names it. */
  title: string;
  /** Settings that it still needs; none: it works. */
  missing: string[];
  /** True where any of its settings is there. */
  isBegun: boolean;
}

type Reader = (config: Config) => unknown;

const SETTINGS = {
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
} as const satisfies Record<Method['id'], Record<string, Reader>>;

function method(id: Method['id'], title: string, config: Config): Method {
  const settings = Object.entries<Reader>(SETTINGS[id]);
  const missing = settings.filter(([, read]) => !read(config)).map(([name]) => name);
  return { id, title, missing, isBegun: missing.length < settings.length };
}

/** Every way to sign in, with what it lacks. */
export function methods(config: Config): Method[] {
  const issuer = config.oidcIssuer === undefined ? 'OpenID Connect' : new URL(config.oidcIssuer).host;
  return [
    method('passphrase', 'Owner passphrase', config),
    method('oidc', `Sign in with ${issuer}`, config),
    method('github', 'Sign in with GitHub', config),
  ];
}

/** The ways that work. */
export const readyMethods = (config: Config) => methods(config).filter(({ missing }) => missing.length === 0);
