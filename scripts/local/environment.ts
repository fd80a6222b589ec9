import { join } from 'node:path';

/** The project's directory. */
export const ROOT = join(import.meta.dirname, '../..');

/** Where wrangler keeps its files when it runs for a check or a test. */
export const WRANGLER_DIRECTORY = join(ROOT, '.wrangler');

// Proxies, certificates, language and where Node keeps compiled code are the machine's; everything else in the shell, keys above all, is
// not ours to pass on.
const PASSED = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Settings that keep wrangler silent on the network and out of the home directory. */
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
  // Both serve stored data to whoever reaches the port.
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
});

/** The environment of a child process, with home and scratch space inside `directory`. */
export function childEnvironment(directory: string, extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const passed = PASSED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), HOME: join(directory, 'home'), TMPDIR: join(directory, 'tmp'), ...extra };
}
