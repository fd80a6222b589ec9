import { once } from 'node:events';
import { chmod, mkdir, stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findClis } from './clis.ts';
import { type ExecutorConfig, parseConfig } from './config.ts';
import { chooseContainment } from './containment/choose.ts';
import { memoryShare, readMemory } from './containment/memory.ts';
import { messageOf } from './errors.ts';
import type { Executor } from './executor.ts';
import { createServer } from './http/server.ts';
import type { Provider } from './providers/provider.ts';
import { startWatchdog } from './run/watchdog.ts';
import { sweepSessions } from './runs/erase.ts';
import { recoverRuns } from './runs/recover.ts';
import { createRuns, pruneRuns, type Runs, shutDownRuns } from './runs/runs.ts';
import { PRIVATE_DIRECTORY } from './state/files.ts';
import { loadStateId, lockStateDirectory } from './state/state-id.ts';

/** Interval of removals by age, in ms. */
const SWEEP_MS = 3_600_000;
/** Longest time to finish open responses at shutdown, in ms. */
const CLOSE_MAX_MS = 1_000;

/** Runs an executor in this process until SIGTERM or SIGINT. Prints one line of JSON on stdout once it listens. */
export async function serve(providers: Record<string, Provider>): Promise<void> {
  try {
    const { listening, shutDown } = await startExecutor(process.env, providers);
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => shutDown().finally(() => process.exit(0)));
    process.stdout.write(`${JSON.stringify({ listening, pid: process.pid })}\n`);
  } catch (error) {
    console.error(`The executor cannot start. ${messageOf(error)}`);
    process.exit(1);
  }
}

/** A listening executor. */
export interface StartedExecutor {
  /** Base URL of the routes. */
  listening: string;
  /** Stops all runs, answers waiting readers and stops listening. */
  shutDown: () => Promise<void>;
}

/** Starts an executor with the settings of an environment. Rejects with an error of one line. `now` returns ms since 1970. */
export async function startExecutor(
  env: Record<string, string | undefined>,
  providers: Record<string, Provider>,
  now: () => number = Date.now,
): Promise<StartedExecutor> {
  const parsed = parseConfig(env);
  const config = { ...parsed, stateDirectory: resolve(parsed.stateDirectory) };
  const runsDirectory = join(config.stateDirectory, 'runs');
  await allowAccess(config.stateDirectory);
  await mkdir(runsDirectory, { recursive: true, mode: PRIVATE_DIRECTORY });
  await allowAccess(runsDirectory);
  const memoryBytes = memoryShare(config.share.memoryBytes, Math.min(readMemory()?.limitBytes ?? totalmem(), totalmem()));
  const share = { ...config.share, memoryBytes };
  const unlock = await lockStateDirectory(config.stateDirectory);
  const executor: Executor = {
    config,
    stateId: await loadStateId(config.stateDirectory),
    providers,
    clis: await findClis(Object.values(providers), config, config.stateDirectory),
    containment: await chooseContainment(config.containment, config.stateDirectory),
    now,
    watchdog: startWatchdog(share, { stateDirectory: config.stateDirectory, minFreeBytes: config.minFreeDiskBytes }),
    live: new Map(),
    refusedAt: new Map(),
    busySessions: new Set(),
    quarantined: new Set(),
    isShuttingDown: false,
  };
  const runs = createRuns(executor, await recoverRuns(config.stateDirectory));
  await pruneRuns(runs);
  const sweeping = sweepHourly(runs);
  const server = createServer(runs, config.token);
  await listen(server, config);
  return {
    listening: urlOf(server, config.host),
    shutDown: async () => {
      clearInterval(sweeping);
      await shutDownRuns(runs);
      await close(server);
      await unlock();
    },
  };
}

/** Removes sessions by age now, without delaying the start, and everything by age every hour, because an idle executor has no other occasion. */
function sweepHourly(runs: Runs): NodeJS.Timeout {
  const report = (error: unknown) => console.error(`Not everything was removed by age: ${messageOf(error)}`);
  const sweep = () => sweepSessions(runs.executor).catch(report);
  void sweep();
  return setInterval(() => pruneRuns(runs).then(sweep, report), SWEEP_MS).unref();
}

/** Restores this user's access to a directory, which a run may have removed. */
async function allowAccess(directory: string): Promise<void> {
  await stat(directory)
    .then(
      ({ mode }) => chmod(directory, mode | PRIVATE_DIRECTORY),
      () => {},
    )
    .catch(() => {});
}

async function listen(server: Server, { port, host }: ExecutorConfig): Promise<void> {
  server.listen({ port, host });
  await once(server, 'listening');
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  server.closeIdleConnections();
  await Promise.race([closed, delay(CLOSE_MAX_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}
