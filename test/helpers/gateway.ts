import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Gateway, startGateway } from '../../scripts/local/gateway.ts';
import { connect, type McpClient } from './mcp-client.ts';

/** Runs an offline gateway with the real CLIs for the length of a test file, with a client that calls its tools. */
export function useGateway(variables: () => Record<string, string> | Promise<Record<string, string>> = () => ({})) {
  const state = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
  const stop = new AbortController();
  let gateway: Gateway;
  let client: McpClient;
  beforeAll(async () => {
    const options = { port: 0, state, offline: true, variables: await variables(), print: console.warn };
    gateway = await startGateway(options, stop.signal);
    client = await connect(gateway.url, gateway.settings.token);
  });
  afterAll(async () => {
    await client.close();
    stop.abort();
    await gateway.ended;
    rmSync(state, { recursive: true });
  });
  const call: McpClient['call'] = (tool, args, setup) => client.call(tool, args, setup);
  return { call, gateway: () => gateway };
}
