import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';

/** Runs programs of test/fixtures for the length of a test file. `start` resolves with the first line of a program, printed once it listens. */
export function useFixtures() {
  const children: ChildProcess[] = [];
  afterAll(async () => {
    for (const child of children) if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  });
  const start = async (name: string, ...args: string[]): Promise<string> => {
    const argv = [join(import.meta.dirname, '../fixtures', name), ...args];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    const { done, value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    if (done) throw new Error(`${name} ended before it listened`);
    return String(value);
  };
  return { start };
}
