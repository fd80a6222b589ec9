import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { LOOPBACK } from '../../scripts/local/port.ts';

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Forwards requests to `target` with a bearer token, because the suite has no option for one. Keeps a foreign Host. */
export async function openProxy(target: URL, token: string) {
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { host = '' } = incoming.headers;
    const headers = { ...incoming.headers, host: LOCAL.test(host) ? target.host : host, authorization: `Bearer ${token}` };
    const { hostname, port } = target;
    const forward = request({ hostname, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forward.destroy());
    incoming.pipe(forward);
  };
  const server = createServer(pass).listen(0, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://${LOOPBACK}:${port}${target.pathname}`, close };
}
