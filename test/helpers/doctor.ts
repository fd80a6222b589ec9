import { spawn } from 'node:child_process';
import { outcomeOf } from './gateway-process.ts';
import { SHELL } from './shell.ts';

/** What the doctor says, by check. */
export async function askDoctor(url: string, token: string, extra: Record<string, string> = {}) {
  const env = { ...SHELL, GATEWAY_TOKEN: token, ...extra };
  const argv = ['scripts/doctor.ts', '--url', url, '--state', '.state/of-nobody'];
  const { stdout, stderr, code } = await outcomeOf(spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  const found = stdout.split('\n').map((line) => /^(\w+) +(\S.*?) {2,}(.*)$/.exec(line) ?? []);
  const says = Object.fromEntries(found.map(([, state, check, text]) => [check ?? '', `${state}: ${text}`]));
  return { says, code, all: stdout + stderr };
}
