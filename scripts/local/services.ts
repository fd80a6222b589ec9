import { join } from 'node:path';
import { readConfig, runShares } from '../../src/config.ts';
import type { Variables } from './dev-vars.ts';
import { dockerEnvironment } from './docker.ts';
import { childEnvironment, quietWrangler, ROOT } from './environment.ts';
import type { ServiceSpec } from './launch.ts';
import { LOOPBACK } from './port.ts';

const WRANGLER_CONFIG = join(ROOT, 'wrangler.toml');

const logOf = (state: string, name: string) => join(state, 'logs', `${name}.log`);

/** The bundled model endpoint. */
export const modelServer = (state: string, port?: number): ServiceSpec => ({
  title: 'The bundled model endpoint',
  ...(port && { port }),
  argv: (chosen) => ['scripts/model-server/main.ts', '--host', LOOPBACK, '--port', String(chosen)],
  env: () => childEnvironment(state),
  log: logOf(state, 'model-server'),
});

/** The executor's settings in the operator's environment. */
const executorSettings = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('EXECUTOR_')));

/** The executor as a plain process. `variables` are the settings of the Worker, some of which concern both. */
export const executor = (state: string, token: string, variables: Variables = {}, port?: number): ServiceSpec => ({
  title: 'The executor',
  ...(port && { port }),
  argv: () => ['container/main.ts'],
  env: (chosen) =>
    childEnvironment(state, {
      ...(variables.RETENTION_DAYS !== undefined && { EXECUTOR_RETENTION_DAYS: variables.RETENTION_DAYS }),
      ...runShares(readConfig(variables)),
      ...executorSettings(),
      EXECUTOR_HOST: LOOPBACK,
      EXECUTOR_PORT: String(chosen),
      EXECUTOR_STATE: join(state, 'executor'),
      EXECUTOR_TOKEN: token,
    }),
  log: logOf(state, 'executor'),
});

/** The Worker in workerd. All bindings are secrets, so neither argv nor the log shows them. With `containers` it builds the image. */
export const worker = (state: string, port: number, bindings: Record<string, string>, containers = false): ServiceSpec => ({
  title: 'The Worker',
  argv: () => ['scripts/local/worker/main.ts'],
  env: () => childEnvironment(state, { ...quietWrangler(state), ...(containers && dockerEnvironment()) }),
  message: { config: WRANGLER_CONFIG, port, persist: join(state, 'worker'), bindings, containers },
  log: logOf(state, 'worker'),
});
