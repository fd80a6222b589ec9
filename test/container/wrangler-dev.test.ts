import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { docker, dockerEnvironment } from '../../scripts/local/docker.ts';
import { startService } from '../../scripts/local/service.ts';
import { modelServer } from '../../scripts/local/services.ts';
import { reader, scratchDirectory } from '../helpers/gateway-process.ts';
import { connect } from '../helpers/mcp-client.ts';
import { wranglerDev } from '../helpers/wrangler-dev.ts';
import { boxesOf } from './helpers/engine.ts';
import { jobsOf } from './helpers/jobs.ts';

const TOKEN = 'a-made-up-gateway-token';

test('plain wrangler dev --enable-containers runs a job in its own container, and removes the container when it ends', async () => {
  const directory = scratchDirectory();
  for (const name of ['logs', 'tmp']) mkdirSync(join(directory, name));
  const model = startService(modelServer(directory), { print: console.warn, onFailure: console.error });
  onTestFinished(() => model.stop());
  const settings = { GATEWAY_TOKEN: TOKEN, ANTHROPIC_API_KEY: 'made-up', ANTHROPIC_UPSTREAM_URL: await model.url };
  const child = wranglerDev(directory, dockerEnvironment(), settings);
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  });
  const { line } = reader(child);
  const [image] = await line(/cloudflare-dev\/runner:[0-9a-f]+/);
  const [, url] = await line(/Ready on (http:\S+)/);
  const client = await connect(`${url}/mcp`, TOKEN);
  const { answer } = await jobsOf(client.call).ask('claude', { prompt: 'hi' });
  expect(answer?.text).toBe('Hello from the mock model.');
  expect(boxesOf(image)).toHaveLength(1);
  await client.close();
  child.kill('SIGTERM');
  await once(child, 'exit');
  await vi.waitFor(() => expect(boxesOf(image)).toEqual([]), 20_000);
  docker('rmi', image);
});
