import { once } from 'node:events';
import http from 'node:http';

/** Socket of the real engine. */
const ENGINE = '/var/run/docker.sock';

const CREATES = /\/containers\/create\?name=([^&]+)$/;
/** Matches the application's own container; its sidecar is always created. */
const OF_RUNNER = /-Runner-[0-9a-f]+$/;

/** A Docker engine that can refuse to create containers. */
export interface FullEngine {
  /** Value for WRANGLER_DOCKER_HOST. */
  url: string;
  /** True to refuse new containers. */
  isFull: boolean;
  /** Names of refused and of created containers. */
  refused: string[];
  made: Set<string>;
  close: () => void;
}

/** Opens a proxy of the machine's engine on another socket. */
export async function openEngineProxy(socket: string): Promise<FullEngine> {
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
