import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { say } from '../../scripts/banner.ts';
import { WRANGLER_DIRECTORY } from '../../scripts/environment.ts';
import { type Gateway, startGateway } from '../../scripts/gateway.ts';
import { type Caller, connect } from '../rig/client.ts';

const SYNC_MS = 90_000;

/** An offline gateway for the length of a test file, by default with containers, and a client that calls its tools. */
export function useSite(variables: () => Record<string, string> = () => ({}), containers = true) {
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const state = mkdtempSync(join(WRANGLER_DIRECTORY, 'container-'));
  const stop = new AbortController();
  let gateway: Gateway;
  let client: Caller;
  beforeAll(async () => {
    const options = { port: 0, state, offline: true, containers, variables: variables(), say };
    gateway = await startGateway(options, stop.signal);
    client = await connect(gateway.url, gateway.settings.token);
  });
  afterAll(async () => {
    await client?.close();
    stop.abort();
    await gateway?.ended;
    rmSync(state, { recursive: true });
  });
  const call: Caller['call'] = (tool, args) => client.call(tool, args);
  /** Runs a request to its end, or to the deadline. */
  const ask = (provider: string, args: Record<string, unknown>) =>
    call(`${provider}_request`, { syncDeadlineMs: SYNC_MS, ...args });
  /** Starts a request and waits until its run has told of an event of this kind. */
  const startUntil = async (provider: string, args: Record<string, unknown>, kind: string): Promise<string> => {
    const { job } = await call(`${provider}_request_async`, args);
    const jobId = job?.id ?? '';
    for (let afterSeq = 0; ; ) {
      const { events = [], nextAfterSeq = 0, job: now } = await call('llm_job_watch', { jobId, afterSeq });
      if (events.some((event) => event.kind === kind)) return jobId;
      if (now?.finishedAt !== undefined) throw new Error(`the job ended without ${kind}: ${JSON.stringify(now)}`);
      afterSeq = nextAfterSeq;
    }
  };
  /** Waits for the end of a job. */
  const ended = async (jobId: string) => {
    for (let afterSeq = 0; ; ) {
      const { job, nextAfterSeq = 0 } = await call('llm_job_watch', { jobId, afterSeq, limit: 1_000 });
      if (job?.finishedAt !== undefined) return job;
      afterSeq = nextAfterSeq;
    }
  };
  return { state, call, ask, startUntil, ended, gateway: () => gateway };
}
