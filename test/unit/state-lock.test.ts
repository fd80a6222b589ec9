import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTimeOf } from '../../container/containment/processes.ts';
import { gatewayUrl } from '../../scripts/local/gateway-url.ts';
import { gatewayIn, lockStateDirectory } from '../../scripts/local/state.ts';
import { scratchDirectory } from '../helpers/gateway-process.ts';

/** The pid of a running program that is not a gateway. */
function strangerPid(): number {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill());
  return Number(child.pid);
}

function stateWith(lock: string): string {
  const state = join(scratchDirectory(), 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'gateway.pid'), lock);
  return state;
}

test.each([
  ['the pid alone of another program', (pid: number) => String(pid)],
  ['the pid of another program with the start time of a gateway', (pid: number) => JSON.stringify({ pid, start: '1' })],
  ['nothing', () => ''],
  ['half a line', () => '{"pid":'],
])('a lock that holds %s is stale', (_what, lock) => {
  const state = stateWith(lock(strangerPid()));
  const { release } = lockStateDirectory(state);
  expect(gatewayIn(state)).toMatchObject({ pid: process.pid });
  release();
  expect(gatewayIn(state)).toBeUndefined();
});

test('the lock of a running gateway is respected, and names its process', () => {
  const pid = strangerPid();
  const state = stateWith(JSON.stringify({ pid, start: startTimeOf(pid) }));
  expect(() => lockStateDirectory(state)).toThrow(
    `The state directory ${state} is in use by process ${pid}. Stop it or choose another with --state.`,
  );
});

test('a running gateway records its address; without one, and with --url, the address is another', () => {
  const state = scratchDirectory();
  const { record, release } = lockStateDirectory(state);
  record('http://127.0.0.1:48211/mcp');
  expect(gatewayUrl(state)).toBe('http://127.0.0.1:48211/mcp');
  expect(gatewayUrl(state, 'https://gateway.example.com')).toBe('https://gateway.example.com');
  release();
  expect(gatewayUrl(state)).toBe('http://127.0.0.1:8787/mcp');
});
