import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { startGateway } from '../../scripts/local/gateway.ts';
import { hashPassphrase } from '../../src/auth/sign-in/passphrase.ts';
import { collect, connect, type McpClient, readText } from './mcp-client.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sharedGateway: { url: string; token: string; modelUrl: string };
  }
}

/** The passphrase of the shared gateway's owner. */
export const PASSPHRASE = 'correct horse battery staple';

/** Starts an offline gateway with the real CLIs for all files of a project that change neither its settings nor its policies. */
export default async function setup(project: TestProject) {
  const state = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
  const stop = new AbortController();
  const variables = { OWNER_PASSPHRASE_HASH: await hashPassphrase(PASSPHRASE) };
  const {
    url,
    modelUrl = '',
    settings,
    ended,
  } = await startGateway({ port: 0, state, offline: true, variables, print: console.warn }, stop.signal);
  project.provide('sharedGateway', { url, token: settings.token, modelUrl });
  return async () => {
    stop.abort();
    await ended;
    rmSync(state, { recursive: true });
  };
}

/** The shared gateway, with a client that calls its tools for the length of a test file. */
export function useSharedGateway() {
  const gateway = inject('sharedGateway');
  let client: McpClient;
  beforeAll(async () => {
    client = await connect(gateway.url, gateway.token);
  });
  afterAll(() => client.close());
  const call: McpClient['call'] = (tool, args, setup) => client.call(tool, args, setup);
  return {
    call,
    collect: (jobId: string) => collect(call, jobId),
    read: (jobId: string, raw?: 'stdout' | 'stderr') => readText(call, jobId, raw),
    ...gateway,
  };
}
