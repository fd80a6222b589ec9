import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';

/** Starts a program of test/fixtures for the length of a test file. Resolves with the line that it prints when it listens. */
export async function startFixture(name: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../fixtures', name), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  afterAll(async () => {
    if (child.kill('SIGTERM')) await once(child, 'exit');
  });
  const { done, value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error(`${name} ended before it listened`);
  return String(value);
}
