import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const ROUND_MS = 20;

const argumentsOf = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

/** Processes that have an argument; zombies have none. */
const withArgument = (argument: string): string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && argumentsOf(name).includes(argument));

/** How many processes with an argument are left after at most `graceMs`. */
export async function leftAfter(argument: string, graceMs: number): Promise<number> {
  const until = Date.now() + graceMs;
  while (Date.now() < until && withArgument(argument).length > 0) await sleep(ROUND_MS);
  return withArgument(argument).length;
}
