import { spawn } from 'node:child_process';
import { outcomeOf } from './gateway-process.ts';
import { SHELL } from './shell.ts';

/** Runs `npm run deploy -- --dry-run` with the environment of `shell.ts` and `env`. */
export function deployDry(args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const argv = ['scripts/deploy.ts', '--dry-run', ...args];
  return outcomeOf(spawn(process.execPath, argv, { env: { ...SHELL, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
}
