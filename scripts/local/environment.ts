import { join } from 'node:path';

/** The project's directory. */
export const ROOT = join(import.meta.dirname, '../..');

/** Directory for wrangler's files during checks and tests. */
export const WRANGLER_DIRECTORY = join(ROOT, '.wrangler');

// Children inherit nothing else from the shell, because it may hold keys.
const INHERITED = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Settings that keep wrangler off the network and out of the home directory. */
export const quietWrangler = (directory: string) => ({
  CI: '1',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  CLOUDFLARE_INCLUDE_PROCESS_ENV: 'false',
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG_PATH: join(directory, 'logs'),
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
  XDG_CONFIG_HOME: join(directory, 'config'),
  // Each of these serves stored data to any client of the port.
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
});

/** The environment of a child process. Its HOME and TMPDIR are inside `directory`. */
export function childEnvironment(directory: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), HOME: join(directory, 'home'), TMPDIR: join(directory, 'tmp'), ...extra };
}
