import { once } from 'node:events';
import http from 'node:http';

/** The engine that stands behind, as workerd finds it by default. */
const ENGINE = '/var/run/docker.sock';

const CREATES = /\/containers\/create\?name=([^&]+)$/;
/** The application's own container; its sidecar is made all the same. */
const OF_RUNNER = /-Runner-[0-9a-f]+$/;

/** A Docker engine that can be full. */
export interface FullEngine {
  /** As WRANGLER_DOCKER_HOST wants it. */
  url: string;
  /** True: it makes no container. */
  isFull: boolean;
  /** Containers that it refused to make, and those that it made, by name. */
  refused: string[];
  made: Set<string>;
  close: () => void;
}

/** Stands before the machine's engine, at a socket of its own. */
export async function standBefore(socket: string): Promise<FullEngine> {
  const server = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    const [, name] = (method === 'POST' && CREATES.exec(url)) || [];
    if (name && engine.isFull && OF_RUNNER.test(name)) {
      engine.refused.push(name);
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"message":"no room for another container"}');
      return;
    }
    if (name) engine.made.add(name);
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
    refused: [],
    made: new Set(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  await once(server.listen(socket), 'listening');
  return engine;
}
