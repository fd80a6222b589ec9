// Runs the Worker in workerd. A process of its own, because its runtime prints and has to end with it.
import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type Runtime, StartMessage } from './runtime.ts';

let isRunning = false;

// Ends this process with workerd, to be restarted whole: what starts workerd would restart it alone, and its proxy then has no target.
function endWithRuntime(message: unknown) {
  if (typeof message !== 'object' || !message || !('process' in message)) return;
  const child = message.process;
  if (!(child instanceof ChildProcess)) return;
  child.once('exit', (code, signal) => {
    if (isRunning && child.spawnfile.includes('workerd')) fail(`workerd ended: exit code ${code}, signal ${signal}`);
  });
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

subscribe('child_process', endWithRuntime);
process.channel?.ref();
const [message] = await once(process, 'message');
process.channel?.unref();
const start = StartMessage.parse(message);

// Each loads megabytes of code.
const run: Promise<Runtime> = start.containers
  ? (await import('./in-wrangler.ts')).runInWrangler(start, fail)
  : (await import('./bundled.ts')).runBundle(start);
const stop = () => {
  isRunning = false;
  run.then((runtime) => runtime.stop()).finally(() => process.exit(0));
};
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);

const { url } = await run.catch(fail);
isRunning = true;
process.stdout.write(`${JSON.stringify({ listening: url, pid: process.pid })}\n`);
