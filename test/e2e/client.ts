import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll } from 'vitest';
import { type Gateway, startGateway } from '../../scripts/local/gateway.ts';
import { Envelope } from '../../src/mcp/envelope.ts';

/** Longer than any call of these tests, in ms. */
const CALL_MS = 100_000;

/** An offline gateway with both real CLIs for the length of a test file, and a client that calls its tools. */
export function useGateway(variables: () => Record<string, string> | Promise<Record<string, string>> = () => ({})) {
  const state = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
  const stop = new AbortController();
  let gateway: Gateway;
  let client: Client;
  beforeAll(async () => {
    gateway = await startGateway(
      { port: 0, state, offline: true, variables: await variables(), print: console.warn },
      stop.signal,
    );
    client = new Client({ name: 'e2e', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const requestInit = { headers: { authorization: `Bearer ${gateway.settings.token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }));
  });
  afterAll(async () => {
    await client.close();
    stop.abort();
    await gateway.ended;
    rmSync(state, { recursive: true });
  });
  /** Calls a tool; its result has to fit the envelope. */
  const call = async (name: string, args: Record<string, unknown>, onprogress?: (message: string) => void) => {
    const options = { timeout: CALL_MS, ...(onprogress && { onprogress: ({ message = '' }) => onprogress(message) }) };
    const result = await client.callTool({ name, arguments: args }, options);
    return { ...Envelope.parse(result.structuredContent), isError: result.isError, content: result.content };
  };
  /** Waits for the end of a job and collects its answer. */
  const collect = async (jobId: string) => {
    for (let afterSeq = 0; ; ) {
      const { job, nextAfterSeq = 0 } = await call('llm_job_watch', { jobId, afterSeq, limit: 1000 });
      if (!job || job.finishedAt !== undefined) return call('llm_job_result', { jobId });
      afterSeq = nextAfterSeq;
    }
  };
  /** The whole text of a job, page by page. */
  const read = async (jobId: string, raw?: 'stdout' | 'stderr') => {
    let text = '';
    for (let offset: number | null = 0; offset !== null; ) {
      const { answer } = await call('llm_job_result', { jobId, offset, maxChars: 120_000, ...(raw && { raw }) });
      text += answer?.text ?? '';
      offset = answer?.nextOffset ?? null;
    }
    return text;
  };
  return { call, collect, read, gateway: () => gateway, client: () => client };
}
