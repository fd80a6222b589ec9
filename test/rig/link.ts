import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the network behaves: `stall` holds requests until it is open again, `refuse` accepts no connection. */
export type LinkMode = 'open' | 'refuse' | 'stall' | 'slow';

/** What happens to one request: it arrives twice, its response is lost, or the previous response is repeated. */
export type Delivery = 'once' | 'twice' | 'answer-lost' | 'repeat';

export interface Link {
  url: string;
  set: (mode: LinkMode) => void;
  /** Cuts every connection. */
  cut: () => void;
  close: () => void;
}

interface Reply {
  status: number;
  body: Buffer;
}

const SLOW = { latencyMs: 120, chunkBytes: 8_192, pauseMs: 4 } as const;

function forward(target: string, request: IncomingMessage, body: Buffer, gone: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { method, headers, url = '/' } = request;
  const options = { method, headers: { ...headers, connection: 'close' }, agent: false, signal: gone } as const;
  const upstream = http.request(`${target}${url}`, options, (reply) => {
    buffer(reply).then((data) => resolve({ status: reply.statusCode ?? 502, body: data }), reject);
  });
  upstream.once('error', reject);
  upstream.end(body);
  return promise;
}

async function writeSlowly(response: ServerResponse, body: Buffer) {
  await sleep(SLOW.latencyMs);
  for (let start = 0; start < body.length && !response.destroyed; start += SLOW.chunkBytes) {
    response.write(body.subarray(start, start + SLOW.chunkBytes));
    await sleep(SLOW.pauseMs);
  }
  response.end();
}

/** Opens a network between the Worker and the executor. `deliver` decides what happens to each request. */
export async function openLink(target: () => string, deliver: (method: string, path: string) => Delivery): Promise<Link> {
  let mode: LinkMode = 'open';
  let released = Promise.withResolvers<void>();
  const answers = new Map<string, Reply>();

  const passable = () => (mode === 'stall' ? released.promise : undefined);

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const body = await buffer(request);
    await passable();
    response.once('close', () => gone.abort());
    const method = request.method ?? '';
    const path = request.url?.split('?')[0] ?? '';
    const how = deliver(method, path);
    const before = answers.get(path);
    const fresh = await forward(target(), request, body, gone.signal);
    const reply = how === 'repeat' && before ? before : fresh;
    if (method === 'GET') answers.set(path, fresh);
    if (how === 'twice') await forward(target(), request, body, gone.signal);
    if (how === 'answer-lost') return void response.destroy();
    await passable();
    response.writeHead(reply.status, { 'content-length': reply.body.length });
    if (mode === 'slow') await writeSlowly(response, reply.body);
    else response.end(reply.body);
  }

  const server = http.createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    if (mode === 'refuse') socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = () => server.closeAllConnections();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    set: (next) => {
      mode = next;
      if (next === 'stall') released = Promise.withResolvers();
      else released.resolve();
    },
    cut,
    close: () => {
      released.resolve();
      server.close();
      cut();
    },
  };
}
