import { randomBytes } from 'node:crypto';
import { unstable_DevEnv as DevEnv } from 'wrangler';
import { LOOPBACK } from '../port.ts';
import type { Runtime, StartMessage } from './runtime.ts';

/** Runs the Worker by wrangler, which builds the image of its containers. */
export async function runInWrangler(
  { config, port, persist, bindings }: StartMessage,
  onFailure: (error: unknown) => void,
): Promise<Runtime> {
  const dev = new DevEnv();
  dev.on('error', onFailure);
  dev.on('buildFailed', () => onFailure('The Worker could not be built.'));
  const secretBinding = ([name, value]: [string, string]) => [name, { type: 'secret_text', value }] as const;
  const worker = await dev.startWorker({
    config,
    bindings: Object.fromEntries(Object.entries(bindings).map(secretBinding)),
    // Any name keeps wrangler from reading .dev.vars itself.
    envFiles: ['.none'],
    sendMetrics: false,
    dev: {
      server: { hostname: LOOPBACK, port, secure: false },
      inspector: false,
      persist,
      watch: false,
      remote: false,
      enableContainers: true,
      containerBuildId: randomBytes(4).toString('hex'),
    },
  });
  await worker.ready;
  return { url: String(await worker.url), stop: () => dev.teardown() };
}
