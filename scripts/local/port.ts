import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { messageOf } from '../../src/errors.ts';
import { CommandError } from '../cli/command-error.ts';

/** The address that every local process listens on. */
export const LOOPBACK = '127.0.0.1';

/** The URL of a local process. */
export const originOf = (port: number) => `http://${LOOPBACK}:${port}`;

/** Below the range that systems assign automatically, so that no other process is assigned a claimed port before its use. */
const FREE_PORTS = { from: 20_000, to: 30_000 };
const MAX_TRIES = 20;

/** Why this process cannot listen on a port, or null if it can. */
async function listenError(port: number): Promise<string | null> {
  const server = createServer();
  try {
    await once(server.listen(port, LOOPBACK), 'listening');
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    server.close();
  }
}

async function freePort(taken: number[]): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    if (!taken.includes(port) && (await listenError(port)) === null) return port;
  }
  throw new CommandError(`No free port found from ${FREE_PORTS.from} to ${FREE_PORTS.to}. Choose one with --port.`);
}

/** Returns a port after checking that this process can listen on it; 0 selects a free one that is not in `taken`. Refuses a port in use. */
export async function claimPort(port: number, taken: number[] = []): Promise<number> {
  if (port === 0) return freePort(taken);
  const why = await listenError(port);
  if (why !== null)
    throw new CommandError(`Port ${port} is in use (${why}). Stop the process on it, or choose another port with --port.`);
  return port;
}
