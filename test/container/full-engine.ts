import { once } from 'node:events';
import http from 'node:http';

/** The engine that stands behind, as workerd finds it by default. */
const ENGINE = '/var/run/docker.sock';

/** The application's own container; its sidecar is made all the same. */
const CREATES = /\/containers\/create\?name=.*-Runner-[0-9a-f]+$/;

/** A Docker engine that can be full. */
export interface FullEngine {
  /** As WRANGLER_DOCKER_HOST wants it. */
  url: string;
  /** True: it makes no container. */
  isFull: boolean;
  /** Containers that it refused to make. */
  refused: number;
  close: () => void;
}

/** Stands before the machine's engine, at a socket of its own. */
export async function standBefore(socket: string): Promise<FullEngine> {
  const server = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    if (engine.isFull && method === 'POST' && CREATES.test(url)) {
      engine.refused += 1;
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"message":"no room for another container"}');
      return;
    }
    const real = http.request({ socketPath: ENGINE, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    real.on('error', () => response.destroy());
    response.on('close', () => real.destroy());
    request.pipe(real);
  });
  const engine: FullEngine = {
    url: `unix://${socket}`,
    isFull: false,
    refused: 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  await once(server.listen(socket), 'listening');
  return engine;
}
