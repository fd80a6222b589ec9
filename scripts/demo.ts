// `npm run demo`: starts a gateway and makes one request to each provider, as an MCP client does.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { providers } from '../container/providers/index.ts';
import { isOver } from '../src/job/machine.ts';
import type { Envelope } from '../src/mcp/result/envelope.ts';
import { requestToolsOf } from '../src/policy/tools.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { connectGateway, type GatewayClient } from './cli/gateway-client.ts';
import { print, printReady } from './cli/print.ts';
import { ROOT } from './local/environment.ts';
import { type Gateway, startGateway } from './local/gateway.ts';
import { abortOnSignal } from './local/signals.ts';

const HELP = `npm run demo [-- --live]

Starts a gateway on this machine, makes one request to each provider, and ends.

  --live  call the models with the provider keys in .dev.vars, which costs money; without it nothing is spent`;

const STATE = join(ROOT, '.state');

/** Waits for the end of a submitted job and returns its answer. */
async function collect({ call }: GatewayClient, submitted: Envelope): Promise<Envelope> {
  if (!submitted.job || submitted.answer?.nextOffset === null) return submitted;
  const { id: jobId, state } = submitted.job;
  for (let afterSeq = 0, over = isOver(state); !over; ) {
    const { job, nextAfterSeq = afterSeq } = await call('llm_job_watch', { jobId, afterSeq });
    over = !job || isOver(job.state);
    afterSeq = nextAfterSeq;
  }
  return call('llm_job_result', { jobId });
}

/** Amounts of money in a text, marked if they are made up. */
const marked = (text: string, offline: boolean) => (offline ? text.replace(/\$[\d.]+|[\d.]+ USD/g, '$& simulated') : text);

function printAnswer({ job, answer }: Envelope, offline: boolean) {
  const { inputTokens = 0, outputTokens = 0, costUsd } = job?.usage ?? {};
  const cost = costUsd === undefined ? 'cost unknown' : `${costUsd.toFixed(4)} USD`;
  print(`${job?.provider}: ${answer?.text.trim()}`);
  print(
    `  ${job?.model ?? 'model unknown'}, ${inputTokens} tokens in, ${outputTokens} out, ${marked(cost, offline)}, ${job?.elapsedMs} ms`,
  );
}

async function demonstrate(gateway: Gateway, live: boolean) {
  const { url, settings } = gateway;
  if (live && settings.offline) throw new CommandError('--live needs a provider key in .dev.vars.');
  printReady(gateway, live ? undefined : '--live was not given');
  const client = await connectGateway(url, settings.token, (message) => print(`  ${marked(message, settings.offline)}`));
  const usable = Object.values(providers).filter(({ id }) => !settings.keyless.includes(id));
  for (const [index, { id, demoPrompt: prompt }] of usable.entries()) {
    // Alternates between the tool that waits for the answer and the one that returns the job id.
    const { name: tool } = requestToolsOf(id)[index % 2 === 0 ? 0 : 1];
    print(`\n${tool} ${JSON.stringify({ prompt })}`);
    printAnswer(await collect(client, await client.call(tool, { prompt })), settings.offline);
  }
  await client.close();
}

async function run() {
  const { live } = parseFlags(HELP, { live: { type: 'boolean', default: false } });
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
