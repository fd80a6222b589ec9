import { parseArgs } from 'node:util';
import { createModelServer } from './server.ts';

const option = { type: 'string' } as const;
const { values } = parseArgs({
  options: { port: option, host: option, default: option, models: option, log: option, bodies: option },
});
const host = values.host ?? '127.0.0.1';
const models = (values.models ?? 'grok-4.5 grok-4.6 grok-code-fast-1 claude-sonnet-4-5').split(' ');
const server = createModelServer({ scenario: values.default ?? 'text', models, log: values.log, bodies: values.bodies });

server.listen(Number(values.port ?? 8787), host, () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ listening: `http://${host}:${port}`, pid: process.pid })}\n`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}
