import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const RUN_MAX_MS = 90_000;

/** The environment of a third-party program: only paths and its home. */
export const foreignEnvironment = (home: string, extra: Record<string, string> = {}) => ({
  PATH: '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  HOME: home,
  TMPDIR: home,
  ...extra,
});

/** Runs a program in its home to its end, with an empty stdin. */
export async function runCommand([file = '', ...args]: string[], home: string, extra: Record<string, string> = {}) {
  const child = spawn(file, args, {
    cwd: home,
    env: foreignEnvironment(home, extra),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MAX_MS,
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { stdout, stderr, code };
}
