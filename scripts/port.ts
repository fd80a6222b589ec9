import { once } from 'node:events';
import { createServer } from 'node:net';
import { Refusal } from './refusal.ts';

/** The loopback address that everything on this machine listens on. */
export const LOOPBACK = '127.0.0.1';

/** Finds out whether a port can be listened on; 0 stands for any. Returns the port. */
export async function claimPort(port: number): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen(port, LOOPBACK), 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : port;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(`Port ${port} is taken (${why}). Stop what listens there or choose another with --port.`);
  } finally {
    server.close();
  }
}
