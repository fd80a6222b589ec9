import { once } from 'node:events';
import { createServer } from 'node:http';
import { LOOPBACK } from '../../scripts/local/port.ts';

/** Starts a model service that answers the key `answers-401` with HTTP 401, and so on. */
export async function startKeyService() {
  const server = createServer(({ headers }, response) => {
    const key = headers['x-api-key'] ?? headers.authorization;
    response.writeHead(Number(/answers-(\d{3})/.exec(String(key))?.[1] ?? 500)).end('{}');
  });
  await once(server.listen(0, LOOPBACK), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `http://${LOOPBACK}:${port}`, close: () => void server.close() };
}
