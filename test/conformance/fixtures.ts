import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, quietWrangler } from '../../scripts/local/environment.ts';
import { claimPort } from '../../scripts/local/port.ts';
import { startService } from '../../scripts/local/service.ts';

/** Starts the Worker with the suite's fixtures. Its log is in `state`. */
export async function startFixtures(state: string) {
  for (const name of ['home', 'logs', 'tmp', 'worker']) mkdirSync(join(state, name), { recursive: true });
  const config = join(import.meta.dirname, 'wrangler.toml');
  const message = { config, port: await claimPort(0), persist: join(state, 'worker'), bindings: {}, containers: false };
  const service = startService(
    {
      title: 'The Worker with the fixtures',
      argv: () => ['scripts/local/worker/main.ts'],
      env: () => childEnvironment(state, quietWrangler(state)),
      message,
      log: join(state, 'logs', 'fixtures.log'),
    },
    { print: console.warn, onFailure: console.error },
  );
  return { url: new URL('/mcp', await service.url).href, stop: service.stop };
}
