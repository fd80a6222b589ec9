import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { messageOf } from '../../../src/errors.ts';

/** A web server outside the containers, under a name that the gateway's machine knows. */
export interface Outside {
  url: string;
  /** The Host header of each received request. */
  seen: (string | undefined)[];
  close: () => void;
}

/** Listens on port 80, the only HTTP port that runs may reach, with this machine's name. Returns null if that is not possible. */
export async function openOutside(): Promise<Outside | null> {
  const seen: Outside['seen'] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers.host);
    response.end('from outside');
  });
  try {
    const { address } = await lookup(hostname());
    await once(server.listen(80, address), 'listening');
    return { url: `http://${hostname()}/`, seen, close: () => server.close() };
  } catch (error) {
    console.warn(`no web server on port 80 of ${hostname()}: ${messageOf(error)}`);
    return null;
  }
}
