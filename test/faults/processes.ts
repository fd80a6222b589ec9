import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

const argumentsOf = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

/** Lists processes with an argument; zombies have none. */
const withArgument = (argument: string): string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && argumentsOf(name).includes(argument));

/** Waits up to `graceMs` for processes with an argument to end. Returns how many are left. */
export async function leftAfter(argument: string, graceMs: number): Promise<number> {
  const until = Date.now() + graceMs;
  while (Date.now() < until && withArgument(argument).length > 0) await sleep(POLL_MS);
  return withArgument(argument).length;
}
