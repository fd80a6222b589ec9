// Runs the Worker in workerd. A process of its own, because wrangler prints and its runtime has to end with it.
import { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { unstable_DevEnv as DevEnv } from 'wrangler';
import { z } from 'zod';
import { LOOPBACK } from './port.ts';

const StartMessage = z.object({
  config: z.string(),
  port: z.int(),
  persist: z.string(),
  bindings: z.record(z.string(), z.string()),
  containers: z.boolean(),
});

let isRunning = false;

// Ends this process with workerd, to be restarted whole: wrangler restarts workerd, but its proxy then has no target.
function endWithRuntime(message: unknown) {
  if (typeof message !== 'object' || !message || !('process' in message)) return;
  const child = message.process;
  if (!(child instanceof ChildProcess)) return;
  child.once('exit', (code, signal) => {
    if (isRunning && child.spawnfile.includes('workerd')) fail(`workerd ended: exit code ${code}, signal ${signal}`);
  });
}

function fail(error: unknown) {
  console.error(error);
  process.exit(1);
}

subscribe('child_process', endWithRuntime);
process.channel?.ref();
const [message] = await once(process, 'message');
process.channel?.unref();
const start = StartMessage.parse(message);

const dev = new DevEnv();
dev.on('error', fail);
dev.on('buildFailed', () => process.exit(1));
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    isRunning = false;
    dev.teardown().finally(() => process.exit(0));
  });

const secretBinding = ([name, value]: [string, string]) => [name, { type: 'secret_text', value }] as const;
const worker = await dev.startWorker({
  config: start.config,
  bindings: Object.fromEntries(Object.entries(start.bindings).map(secretBinding)),
  // Any name keeps wrangler from reading .dev.vars itself.
  envFiles: ['.none'],
  sendMetrics: false,
  dev: {
    server: { hostname: LOOPBACK, port: start.port, secure: false },
    inspector: false,
    persist: start.persist,
    watch: false,
    remote: false,
    enableContainers: start.containers,
    ...(start.containers && { containerBuildId: randomBytes(4).toString('hex') }),
  },
});
await worker.ready;
isRunning = true;
process.stdout.write(`${JSON.stringify({ listening: String(await worker.url), pid: process.pid })}\n`);
