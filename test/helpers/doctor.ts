import { spawn } from 'node:child_process';
import { outcomeOf } from './gateway-process.ts';
import { SHELL } from './shell.ts';

/** Runs the doctor and returns its findings by check. */
export async function askDoctor(url: string, token: string, extra: Record<string, string> = {}) {
  const env = { ...SHELL, GATEWAY_TOKEN: token, ...extra };
  const argv = ['scripts/doctor.ts', '--url', url, '--state', '.state/of-nobody'];
  return readDoctor(await outcomeOf(spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })));
}

/** Parses the output of a doctor: its findings by check. */
export function readDoctor({ stdout, stderr, code }: Awaited<ReturnType<typeof outcomeOf>>) {
  const found = stdout.split('\n').map((line) => /^(\w+) +(\S.*?) {2,}(.*)$/.exec(line) ?? []);
  const says = Object.fromEntries(found.map(([, state, check, text]) => [check ?? '', `${state}: ${text}`]));
  return { says, code, all: stdout + stderr };
}
