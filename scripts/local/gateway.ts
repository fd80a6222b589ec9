import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Health } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { CommandError } from '../cli/command-error.ts';
import type { Variables } from './dev-vars.ts';
import { requireDocker } from './docker.ts';
import { ROOT } from './environment.ts';
import { credentialsSecretOf, newToken } from './gateway-token.ts';
import type { ServiceSpec } from './launch.ts';
import { logFiles } from './log-files.ts';
import { claimPort, originOf } from './port.ts';
import { type RunningService, type ServiceListener, startService } from './service.ts';
import { executor, modelServer, worker } from './services.ts';
import { checkBindings, type OperatorSettings, readSettings } from './settings.ts';
import { lockStateDirectory } from './state.ts';

export interface GatewayOptions {
  /** 0 selects a free port. */
  port: number;
  /** Directory for jobs, logs and the generated token. */
  state: string;
  /** Use the bundled model endpoint even if provider keys are set. */
  offline: boolean;
  /** Run the CLIs in containers; needs Docker. */
  containers?: boolean;
  /** Settings of the Worker that replace those of .dev.vars. */
  variables?: Record<string, string>;
  /** Receives messages to the operator while the gateway runs. */
  print: (line: string) => void;
}

/** A gateway on this machine that is ready for requests. */
export interface Gateway {
  /** URL for MCP clients. */
  url: string;
  /** Base URL of the bundled model endpoint, or undefined if it does not run. */
  modelUrl: string | undefined;
  settings: OperatorSettings;
  /** Resolves after the abort, when all processes have ended. Rejects if a service failed for good. */
  ended: Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/** Bindings that send all model traffic to the bundled model endpoint, which accepts any key. */
const offlineBindings = (modelUrl: string): Variables =>
  Object.fromEntries(
    Object.values(providers).flatMap(({ service: { keys, urlSetting } }) => [
      [urlSetting, modelUrl],
      ...keys.slice(0, 1).map(({ setting }) => [setting, 'offline']),
    ]),
  );

/** What the operator should know where runs are plain processes. */
const UNCONFINED =
  'Runs are not confined: they can read and change whatever your user can. Install bubblewrap (Linux), or use npm start -- --containers.';

/** Refuses an executor without a CLI. Reports one that does not confine its runs. */
async function checkExecutor(executorUrl: string, token: string, print: GatewayOptions['print']) {
  const response = await fetch(new URL('/health', executorUrl), { headers: { authorization: `Bearer ${token}` } });
  const { clis, containment } = Health.pick({ clis: true, containment: true }).parse(await response.json());
  const missing = Object.keys(clis).filter((provider) => clis[provider] === null);
  if (missing.length > 0) throw new CommandError(`Missing CLI: ${missing.join(', ')}. Run npm ci with optional dependencies.`);
  if (containment === 'none') print(UNCONFINED);
}

async function waitUntilHealthy(origin: string, signal: AbortSignal) {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const isHealthy = await fetch(`${origin}/health`, { signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (isHealthy) return;
    await sleep(50, undefined, { signal });
  }
  throw new CommandError(`The Worker did not answer on ${origin}/health within ${READY_TIMEOUT_MS / 1000} s.`);
}

/** Starts a service and returns its URL. */
type Start = (spec: ServiceSpec) => Promise<string>;

/** What the Worker depends on: the bindings by which it gets there, and the start of it. */
interface Dependency {
  bindings: Variables;
  start: (start: Start) => Promise<unknown>;
}

const nothing = async () => {};

/** The executor, or nothing if EXECUTOR_URL names one elsewhere. */
function executorOf({ state, print }: GatewayOptions, variables: Variables, port: number): Dependency {
  if (variables.EXECUTOR_URL) return { bindings: {}, start: nothing };
  const token = newToken();
  return {
    bindings: { EXECUTOR_URL: originOf(port), EXECUTOR_TOKEN: token },
    start: async (start) => checkExecutor(await start(executor(state, token, variables, port)), token, print),
  };
}

/** The executors in containers, which the Worker starts. Refused without Docker, or together with an executor elsewhere. */
function containersOf({ print }: GatewayOptions, { EXECUTOR_URL }: Variables): Dependency {
  if (EXECUTOR_URL) throw new CommandError(`--containers excludes EXECUTOR_URL, which is ${EXECUTOR_URL}. Remove one of them.`);
  requireDocker(', or omit --containers to run the CLIs as plain processes');
  print('Building the container image. The first build takes minutes.');
  return { bindings: {}, start: nothing };
}

/** Starts all services at once. Returns the origin of the Worker, and the model endpoint's URL if it runs. */
async function startServices(options: GatewayOptions, settings: OperatorSettings, start: Start, signal: AbortSignal) {
  const { state, containers = false } = options;
  const port = await claimPort(options.port);
  const executorPort = await claimPort(0, [port]);
  const modelPort = settings.offline ? await claimPort(0, [port, executorPort]) : undefined;
  const origin = originOf(port);
  const chosen = { ...settings.variables, ...options.variables };
  const dependency = containers ? containersOf(options, chosen) : executorOf(options, chosen, executorPort);
  const bindings = {
    ...(modelPort && offlineBindings(originOf(modelPort))),
    ...(!containers && { GATE_URL: `${origin}/gate` }),
    ...dependency.bindings,
    ...chosen,
    CREDENTIALS_SECRET: chosen.CREDENTIALS_SECRET ?? credentialsSecretOf(state),
    GATEWAY_TOKEN: settings.token,
  };
  checkBindings(bindings);
  const [modelUrl] = await Promise.all([
    modelPort === undefined ? undefined : start(modelServer(state, modelPort)),
    dependency.start(start),
    start(worker(state, port, bindings, containers)),
  ]);
  await waitUntilHealthy(origin, signal);
  return { origin, modelUrl };
}

/** Starts executor, model endpoint and Worker. All end when `signal` is aborted, or when one of them fails for good. */
export async function startGateway(given: GatewayOptions, signal: AbortSignal): Promise<Gateway> {
  const options = { ...given, state: resolve(ROOT, given.state) };
  const lock = lockStateDirectory(options.state);
  const services: RunningService[] = [];
  const ended = Promise.withResolvers<void>();
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
    lock.release();
  };
  const openLog = logFiles(options.print);
  const listener: ServiceListener = { print: options.print, onFailure: (error) => stop().then(() => ended.reject(error)) };
  const start: Start = (spec) => {
    signal.throwIfAborted();
    const service = startService(spec, listener, openLog);
    services.push(service);
    return service.url;
  };
  signal.addEventListener('abort', () => stop().then(ended.resolve), { once: true });
  try {
    const settings = readSettings(options.state, options.offline);
    const { origin, modelUrl } = await startServices(options, settings, start, signal);
    const url = `${origin}/mcp`;
    lock.record(url);
    return { url, modelUrl, settings, ended: ended.promise };
  } catch (error) {
    await stop();
    throw error;
  }
}
