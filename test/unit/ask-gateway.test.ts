import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { askGateway } from '../../scripts/cli/ask-gateway.ts';
import { LOOPBACK } from '../../scripts/local/port.ts';

/** URL of a server that is alive as a gateway is, and answers a deep health check with this status. */
async function aliveWith(status: number): Promise<URL> {
  const server = createServer(({ url }, response) => {
    const isDeep = url?.includes('deep');
    response.writeHead(isDeep ? status : 200).end(isDeep ? '{}' : '{"ok":true,"version":"1"}');
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, LOOPBACK), 'listening');
  const address = server.address();
  return new URL(`http://${LOOPBACK}:${typeof address === 'object' ? address?.port : 0}`);
}

test.each([
  [401, 'Set GATEWAY_TOKEN to its gateway token.'],
  [403, 'Set GATEWAY_TOKEN to its gateway token.'],
  [500, 'Check its settings and its log.'],
  [503, 'Check its settings and its log.'],
  [404, 'Check the address and any proxy in front of it.'],
])('a gateway that answers HTTP %i is reported with what to do about it', async (status, advice) => {
  const url = await aliveWith(status);
  expect(await askGateway(url, 'a-made-up-token')).toEqual([
    { check: 'gateway', state: 'wrong', says: `${url.origin} answered HTTP ${status}. ${advice}` },
  ]);
});
