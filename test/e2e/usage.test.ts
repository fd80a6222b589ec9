import { expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../helpers/mcp-client.ts';
import { useSharedGateway } from '../helpers/shared-gateway.ts';

const { url, token, call } = useSharedGateway();

/** Prices of Claude Haiku 5.5 in USD per token. */
const HAIKU = { input: 0.1 / 1e6, output: 0.5 / 1e6 };

/** Runs a turn to its end and returns what each place says that it used. */
async function turn(tool: string, args: Record<string, unknown>, callAs = call) {
  const { job, error } = await callAs(tool, { syncDeadlineMs: 90_000, ...args });
  if (!job) throw new Error(error?.message);
  const { events = [] } = await call('llm_job_status', { jobId: job.id, limit: 1_000 });
  const { jobs = [] } = await call('llm_job_list', { limit: 100 });
  const { audit } = await call('audit_list', { jobId: job.id, kind: 'end' });
  const result = events.find((event) => event.kind === 'result');
  return {
    ...{ job, sessionId: job.sessionId, input: job.usage?.inputTokens ?? 0, output: job.usage?.outputTokens ?? 0 },
    cost: job.usage?.costUsd ?? 0,
    event: result?.usage,
    listed: jobs.find(({ id }) => id === job.id)?.costUsd,
    audited: audit?.rows[0]?.costUsd,
  };
}

const ways: [how: string, tool: string, more: object, copies: object[]][] = [
  ['a resumed and copied conversation of Claude', 'claude_request', { model: 'haiku' }, [{ forkSession: true }]],
  ['a conversation of Claude that asks', 'claude_request', { model: 'haiku', permissionMode: 'ask' }, []],
  ['a resumed conversation of Grok', 'grok_request', {}, []],
];

test.concurrent.each(ways)('each turn of %s reports its own tokens and cost everywhere', async (how, tool, more, copies) => {
  const first = await turn(tool, { ...more, prompt: `[mock:text turn] ${how} 1` });
  const { sessionId } = first;
  const turns = [first];
  for (const [index, copy] of [{}, {}, ...copies].entries())
    turns.push(await turn(tool, { ...more, ...copy, prompt: `[mock:text turn] ${how} ${index + 2}`, sessionId }));
  for (const { input, output, cost, event, listed, audited } of turns) {
    // A turn adds a prompt of some words to the conversation, not the conversation to itself.
    expect(input).toBeLessThan(first.input * 1.5);
    expect(output).toBeLessThan(first.output + 5);
    expect(event).toMatchObject({ inputTokens: input, outputTokens: output, costUsd: cost });
    expect([listed, audited]).toEqual([cost, cost]);
    if ('model' in more) expect(cost).toBeCloseTo(input * HAIKU.input + output * HAIKU.output, 9);
  }
});

/** A connection with a policy of its own, so that it leaves the others alone. */
async function limitedConnection(onTestFinished: (close: () => Promise<void>) => void) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'limited', scopes: ['jobs:read', 'jobs:run', 'admin'], days: 1 });
  const response = await fetch(new URL('/api/tokens', url), { method: 'POST', headers, body });
  const created = z.object({ id: z.string(), token: z.string() }).parse(await response.json());
  const client = await connect(url, created.token);
  onTestFinished(client.close);
  return { grant: `token_${created.id}`, callAs: client.call };
}

test.concurrent('a counter of money counts each turn of a conversation once', async ({ onTestFinished }) => {
  const { grant, callAs } = await limitedConnection(onTestFinished);
  const big = await turn('claude_request', { prompt: `[mock:text big]${'word '.repeat(40_000)}` }, callAs);
  const { sessionId } = big;
  const limit = {
    ...{ counter: 'usd', window: 'day', scope: 'account', increment_from: 'usage.costUsd' },
    max: big.cost * 2.7,
  };
  const policy = { version: '1', default: 'allow', tools: { claude_request: { limits: [limit] } } };
  await call('policy_set', { target: grant, policy });
  // By the figures of the conversation these turns would count 2 and 3 times the first one.
  for (const prompt of ['second', 'third']) {
    const { cost } = await turn('claude_request', { prompt, sessionId, maxBudgetUsd: big.cost * 1.2 }, callAs);
    expect(cost).toBeLessThan(big.cost * 1.1);
  }
});

test.concurrent('a list shows what a running job has used so far', async () => {
  const { job } = await call('claude_request_async', { prompt: '[mock:loop sleep 1]', permissionMode: 'bypassPermissions' });
  const jobId = job?.id ?? '';
  const costs = async () => {
    const { jobs = [] } = await call('llm_job_list', { state: 'running' });
    return jobs.find(({ id }) => id === jobId)?.costUsd ?? 0;
  };
  await expect.poll(costs, { timeout: 30_000 }).toBeGreaterThan(0);
  await call('llm_job_cancel', { jobId });
});

test.concurrent('a job names the model that answered in place of the chosen one', async () => {
  const { job, answer } = await call('claude_request', {
    ...{ prompt: '[mock:error 529 opus]', model: 'opus', fallbackModel: 'sonnet', syncDeadlineMs: 90_000 },
  });
  expect(answer?.text).toBe('Answered by claude-sonnet-5-5.');
  expect(job).toMatchObject({ state: 'completed', model: 'claude-sonnet-5-5' });
});
