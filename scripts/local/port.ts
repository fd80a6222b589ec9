import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { messageOf } from '../../src/errors.ts';
import { Refusal } from '../cli/refusal.ts';

/** The loopback address that everything on this machine listens on. */
export const LOOPBACK = '127.0.0.1';

/** Below the ports that systems give out by themselves: between the claim and its use nobody is given one of these. */
const FREE_PORTS = { from: 20_000, to: 30_000 };
const TRIES = 20;

/** Why a port cannot be listened on; null where it can. */
async function complaintOf(port: number): Promise<string | null> {
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

async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    if ((await complaintOf(port)) === null) return port;
  }
  throw new Refusal(`No free port was found from ${FREE_PORTS.from} to ${FREE_PORTS.to}. Choose one with --port.`);
}

/** Finds out whether a port can be listened on; 0 stands for any. Returns the port. */
export async function claimPort(port: number): Promise<number> {
  if (port === 0) return freePort();
  const why = await complaintOf(port);
  if (why !== null) throw new Refusal(`Port ${port} is taken (${why}). Stop what listens there or choose another with --port.`);
  return port;
}
