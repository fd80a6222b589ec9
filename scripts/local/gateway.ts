import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Health } from '../../container/protocol.ts';
import { Refusal } from '../cli/refusal.ts';
import type { Variables } from './dev-vars.ts';
import { needDocker } from './docker.ts';
import { ROOT } from './environment.ts';
import type { ServiceSpec } from './launch.ts';
import { claimPort, LOOPBACK } from './port.ts';
import { type Report, type Service, startService } from './service.ts';
import { executor, modelServer, worker } from './services.ts';
import { checkBindings, readSettings, type Settings } from './settings.ts';
import { takeState } from './state.ts';

export interface GatewayOptions {
  /** 0: any free port. */
  port: number;
  /** Directory that keeps jobs, logs and the generated token. */
  state: string;
  /** True: the bundled model endpoint answers, whatever keys there are. */
  offline: boolean;
  /** True: the CLIs run in containers, which need Docker. */
  containers?: boolean;
  /** Settings of the Worker beside those of .dev.vars. */
  variables?: Record<string, string>;
  /** Gets what the operator should know while the gateway runs. */
  say: (line: string) => void;
}

/** The gateway on this machine, ready for requests. */
export interface Gateway {
  /** Where MCP clients connect. */
  url: string;
  /** Where the bundled model endpoint listens, if it runs. */
  modelUrl: string | undefined;
  settings: Settings;
  /** Resolves when all processes have ended after the abort; rejects with a refusal when the gateway cannot go on. */
  ended: Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/** The bundled endpoint takes any key. */
const OFFLINE_KEYS = { ANTHROPIC_API_KEY: 'offline-anthropic-key', XAI_API_KEY: 'offline-xai-key' };

const randomToken = () => randomBytes(32).toString('base64url');

async function checkClis(executorUrl: string, token: string) {
  const response = await fetch(new URL('/health', executorUrl), { headers: { authorization: `Bearer ${token}` } });
  const { clis } = Health.pick({ clis: true }).parse(await response.json());
  const missing = Object.keys(clis).filter((provider) => clis[provider] === null);
  if (missing.length > 0) throw new Refusal(`Missing CLI: ${missing.join(', ')}. Run npm ci with optional dependencies.`);
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
  throw new Refusal(`The Worker did not answer on ${origin}/health within ${READY_TIMEOUT_MS / 1000} s.`);
}

type Start = (spec: ServiceSpec) => Promise<string>;

/** How the Worker and an executor reach each other: a plain process that is started here, unless EXECUTOR_URL names another one. */
async function startExecutor({ state }: GatewayOptions, { EXECUTOR_URL }: Variables, origin: string, start: Start) {
  const gate = { GATE_URL: `${origin}/gate` };
  if (EXECUTOR_URL) return gate;
  const token = randomToken();
  const executorUrl = await start(executor(state, token));
  await checkClis(executorUrl, token);
  return { EXECUTOR_URL: executorUrl, EXECUTOR_TOKEN: token, ...gate };
}

/** Containers need an engine, and no executor elsewhere. */
function inContainers({ EXECUTOR_URL }: Variables) {
  if (EXECUTOR_URL) throw new Refusal(`Containers, or the executor at EXECUTOR_URL ${EXECUTOR_URL}: leave one of them out.`);
  needDocker();
  return {};
}

/** Starts the parts in the order in which they need each other. Returns the origin of the Worker and the bundled model endpoint's. */
async function startParts(options: GatewayOptions, settings: Settings, start: Start, signal: AbortSignal) {
  const port = await claimPort(options.port);
  const origin = `http://${LOOPBACK}:${port}`;
  const { containers = false } = options;
  const chosen = { ...settings.variables, ...options.variables };
  const [executorAt, upstream] = await Promise.all([
    containers ? inContainers(chosen) : startExecutor(options, chosen, origin, start),
    settings.offline ? start(modelServer(options.state)) : undefined,
  ]);
  if (containers) options.say('Building the image of the containers; the first time takes minutes.');
  const bindings = {
    ...(upstream && { ...OFFLINE_KEYS, ANTHROPIC_UPSTREAM_URL: upstream, XAI_UPSTREAM_URL: upstream }),
    ...executorAt,
    ...chosen,
    GATEWAY_TOKEN: settings.token,
  };
  checkBindings(bindings);
  await start(worker(options.state, port, bindings, containers));
  await waitUntilHealthy(origin, signal);
  return { origin, modelUrl: upstream };
}

/** Starts executor, model endpoint and Worker. All of them end when `signal` is aborted, or when one cannot be kept up. */
export async function startGateway(given: GatewayOptions, signal: AbortSignal): Promise<Gateway> {
  const options = { ...given, state: resolve(ROOT, given.state) };
  const release = takeState(options.state);
  const services: Service[] = [];
  const over = Promise.withResolvers<void>();
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
    release();
  };
  const report: Report = { say: options.say, giveUp: (refusal) => stop().then(() => over.reject(refusal)) };
  const start: Start = (spec) => {
    signal.throwIfAborted();
    const service = startService(spec, report);
    services.push(service);
    return service.url;
  };
  signal.addEventListener('abort', () => stop().then(over.resolve), { once: true });
  try {
    const settings = readSettings(options.state, options.offline);
    const { origin, modelUrl } = await startParts(options, settings, start, signal);
    return { url: `${origin}/mcp`, modelUrl, settings, ended: over.promise };
  } catch (error) {
    await stop();
    throw error;
  }
}
