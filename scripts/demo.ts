// `npm run demo`: one request to each provider through a gateway of its own, as an MCP client makes them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { providers } from '../container/providers/index.ts';
import { isOver } from '../src/job/machine.ts';
import { Envelope } from '../src/mcp/envelope.ts';
import { requestToolsOf } from '../src/policy/risk.ts';
import { VERSION } from '../src/version.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print, printReady } from './cli/print.ts';
import { ROOT } from './local/environment.ts';
import { type Gateway, startGateway } from './local/gateway.ts';
import { abortOnSignal } from './local/signals.ts';

const STATE = join(ROOT, '.state');
const PROMPTS = {
  live: 'In one sentence: what is a durable job?',
  offline: '[mock:slow 5] In one sentence: what is a durable job?',
} as const;
const CALL_TIMEOUT_MS = 60_000;

async function connect({ url, settings }: Gateway) {
  const client = new Client({ name: 'demo', version: VERSION }, { versionNegotiation: { mode: 'auto' } });
  const headers = { authorization: `Bearer ${settings.token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

async function call(client: Client, name: string, input: Record<string, unknown>): Promise<Envelope> {
  const onprogress = ({ message }: { message?: string | undefined }) => print(`  ${message ?? 'working'}`);
  const options = { onprogress, timeout: CALL_TIMEOUT_MS, resetTimeoutOnProgress: true };
  const result = await client.callTool({ name, arguments: input }, options);
  return Envelope.parse(result.structuredContent);
}

/** Follows a job to its end and collects its answer. */
async function collect(client: Client, submitted: Envelope): Promise<Envelope> {
  if (!submitted.job || submitted.answer?.nextOffset === null) return submitted;
  const { id } = submitted.job;
  for (let afterSeq = 0, over = false; !over; ) {
    const watched = await call(client, 'llm_job_watch', { jobId: id, afterSeq });
    if (!watched.job) return watched;
    afterSeq = watched.nextAfterSeq ?? afterSeq;
    over = isOver(watched.job.state);
  }
  return call(client, 'llm_job_result', { jobId: id });
}

function show({ job, answer, error }: Envelope) {
  if (error || !job || job.state !== 'completed') throw new CommandError(`The request failed: ${error?.message ?? job?.state}`);
  const { inputTokens = 0, outputTokens = 0, costUsd } = job.usage ?? {};
  const cost = costUsd === undefined ? 'cost unknown' : `${costUsd.toFixed(4)} USD`;
  print(`${job.provider}: ${answer?.text.trim()}`);
  print(`  ${job.model ?? 'model unknown'}, ${inputTokens} tokens in, ${outputTokens} out, ${cost}, ${job.elapsedMs} ms`);
}

async function demonstrate(gateway: Gateway, live: boolean) {
  const { offline, keyless } = gateway.settings;
  if (live && offline) throw new CommandError('--live needs a provider key in .dev.vars.');
  printReady(gateway);
  const prompt = offline ? PROMPTS.offline : PROMPTS.live;
  const client = await connect(gateway);
  for (const [index, id] of Object.keys(providers).entries()) {
    if (keyless.includes(id)) continue;
    // The two tools of a provider in turns, so that the demo shows both.
    const [waits, starts] = requestToolsOf(id);
    const tool = index % 2 === 0 ? waits : starts;
    print(`\n${tool} ${JSON.stringify({ prompt })}`);
    show(await collect(client, await call(client, tool, { prompt })));
  }
  await client.close();
}

async function run() {
  const { live } = parseFlags(process.argv.slice(2), { live: { type: 'boolean', default: false } });
  mkdirSync(STATE, { recursive: true });
  const state = mkdtempSync(join(STATE, 'demo-'));
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, abortOnSignal()]);
  try {
    const gateway = await startGateway({ port: 0, state, offline: !live, print }, signal);
    await Promise.race([demonstrate(gateway, live), gateway.ended]).finally(() => {
      stop.abort();
      return gateway.ended;
    });
  } finally {
    rmSync(state, { recursive: true });
  }
}

await run().catch(reportFailure);
process.exit();
