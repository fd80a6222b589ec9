import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variables } from '../../scripts/local/dev-vars.ts';
import { childEnvironment, quietWrangler, ROOT } from '../../scripts/local/environment.ts';

/** Runs plain `wrangler dev --enable-containers`, without `npm start`. It writes only to `directory`. */
export function wranglerDev(directory: string, docker: Record<string, string>, settings: Variables = {}): ChildProcess {
  const file = join(directory, 'settings');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const argv = [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'dev', '--enable-containers', '--env-file', file];
  const ports = ['--port', '0', '--inspector-port', '0', '--persist-to', directory];
  const quiet = { ...quietWrangler(directory), CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'true' };
  const env = childEnvironment(directory, { ...quiet, TMPDIR: directory, ...docker });
  return spawn(process.execPath, [...argv, ...ports], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
}
