import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../cli/refusal.ts';
import { ROOT } from './environment.ts';

/** What tells docker and wrangler where the engine is; the sidecar's image can be replaced where no registry is reachable. */
const PASSED = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'WRANGLER_DOCKER_BIN',
  'WRANGLER_DOCKER_HOST',
  'MINIFLARE_CONTAINER_EGRESS_IMAGE',
];

const ANSWER_MS = 20_000;

/** Environment of a process that starts containers, beside what every child gets. */
export function dockerEnvironment(): Record<string, string> {
  const passed = PASSED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  // Docker's contexts and plugins are in the home directory, which children do not share.
  return { ...Object.fromEntries(passed), DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker') };
}

/** Runs docker. Gives what it printed; null where it failed, or where there is none. */
export function docker(...args: string[]): string | null {
  const options = { encoding: 'utf8', timeout: ANSWER_MS } as const;
  const { status, stdout } = spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', args, options);
  return status === 0 ? stdout.trim() : null;
}

/** Builds the executor's image, telling what it does. False where that failed. */
export function buildImage(tag: string): boolean {
  const args = ['build', '--tag', tag, '--file', join(ROOT, 'container/Dockerfile'), ROOT];
  return spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', args, { stdio: 'inherit' }).status === 0;
}

/** The version of the engine that answers; null where none does. */
export const dockerVersion = () => docker('info', '--format', '{{.ServerVersion}}') || null;

/** Refuses to go on without an engine. */
export function needDocker(): void {
  if (dockerVersion() === null)
    throw new Refusal(
      'No Docker engine answers to "docker info". Start Docker, or leave out --containers: the CLIs then run here.',
    );
}
