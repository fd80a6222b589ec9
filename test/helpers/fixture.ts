import { afterAll } from 'vitest';
import { startFixture } from './fixture-process.ts';

/** Runs programs of test/fixtures for the length of a test file. `start` resolves with the first line of a program, printed once it listens. */
export function useFixtures() {
  const started: Awaited<ReturnType<typeof startFixture>>[] = [];
  afterAll(() => Promise.all(started.map(({ stop }) => stop())));
  const start = async (name: string, ...args: string[]): Promise<string> => {
    const fixture = await startFixture(name, ...args);
    started.push(fixture);
    return fixture.line;
  };
  return { start };
}
