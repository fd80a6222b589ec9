import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../cli/command-error.ts';
import { ROOT } from './environment.ts';

/** Variables that locate the engine for docker and wrangler, and the one that replaces the sidecar's image on a machine without a registry. */
const INHERITED = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'WRANGLER_DOCKER_BIN',
  'WRANGLER_DOCKER_HOST',
  'MINIFLARE_CONTAINER_EGRESS_IMAGE',
];

const ANSWER_TIMEOUT_MS = 20_000;

/** Environment of a process that starts containers, in addition to that of every child. */
export function dockerEnvironment(): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  // Docker's contexts and plugins are in the operator's home directory, but a child has its own.
  return { ...Object.fromEntries(inherited), DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker') };
}

/** Runs docker. Returns its output, or null if docker is missing or failed. */
export function docker(...args: string[]): string | null {
  const options = { encoding: 'utf8', timeout: ANSWER_TIMEOUT_MS } as const;
  const { status, stdout } = spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', args, options);
  return status === 0 ? stdout.trim() : null;
}

/** Builds the executor's image with visible output. Returns whether that succeeded. */
export function buildImage(tag: string): boolean {
  const args = ['build', '--tag', tag, '--file', join(ROOT, 'container/Dockerfile'), ROOT];
  return spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', args, { stdio: 'inherit' }).status === 0;
}

/** The version of the Docker engine, or null if none answers. */
export const dockerVersion = () => docker('info', '--format', '{{.ServerVersion}}') || null;

/** Refuses if no Docker engine answers. `advice` follows "Start Docker" in the message. */
export function requireDocker(advice: string): void {
  if (dockerVersion() === null) throw new CommandError(`No Docker engine answers to "docker info". Start Docker${advice}.`);
}
