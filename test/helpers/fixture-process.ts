import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Starts a program of test/fixtures. Resolves with its first line, which it prints once it listens, and with what ends it. */
export async function startFixture(name: string, ...args: string[]): Promise<{ line: string; stop: () => Promise<void> }> {
  const argv = [join(import.meta.dirname, '../fixtures', name), ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const { done, value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error(`${name} ended before it listened`);
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  };
  return { line: String(value), stop };
}
