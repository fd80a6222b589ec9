import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { LOOPBACK } from '../../scripts/local/port.ts';

/** What the CLIs of a rig did, line by line. A confined run reaches it by its port. */
export interface Journal {
  port: number;
  lines: () => string[];
  close: () => void;
}

/** Opens a journal. It closes a connection once it has the connection's lines. */
export async function openJournal(): Promise<Journal> {
  let written = '';
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    text(socket).then(
      (lines) => {
        written += lines;
        socket.end();
      },
      () => {},
    );
  });
  await once(server.listen(0, LOOPBACK), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The journal has no port.');
  return { port: address.port, lines: () => written.trim().split('\n'), close: () => void server.close() };
}
