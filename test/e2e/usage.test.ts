import { expect, test } from 'vitest';
import { useGateway } from '../helpers/gateway.ts';

const { call } = useGateway();

/** Prices of Claude Haiku 5.5 in USD per token. */
const HAIKU = { input: 0.1 / 1e6, output: 0.5 / 1e6 };

/** Runs a turn to its end and returns what each place says that it used. */
async function turn(tool: string, args: Record<string, unknown>) {
  const { job, error } = await call(tool, { syncDeadlineMs: 90_000, ...args });
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

const ways: [how: string, tool: string, more: object, last: object][] = [
  ['a resumed conversation of Claude', 'claude_request', { model: 'haiku' }, {}],
  ['a copied conversation of Claude', 'claude_request', { model: 'haiku' }, { forkSession: true }],
  ['a conversation of Claude that asks', 'claude_request', { model: 'haiku', permissionMode: 'ask' }, {}],
  ['a resumed conversation of Grok', 'grok_request', {}, {}],
];

test.concurrent.each(ways)('each turn of %s reports its own tokens and cost everywhere', async (how, tool, more, last) => {
  const first = await turn(tool, { ...more, prompt: `[mock:text one] ${how} 1` });
  const { sessionId } = first;
  const second = await turn(tool, { ...more, prompt: `[mock:text two] ${how} 2`, sessionId });
  const third = await turn(tool, { ...more, ...last, prompt: `[mock:text three] ${how} 3`, sessionId });
  for (const { input, output, cost, event, listed, audited } of [first, second, third]) {
    // A turn adds a prompt of some words to the conversation, not the conversation to itself.
    expect(input).toBeLessThan(first.input * 1.5);
    expect(output).toBeLessThan(first.output + 5);
    expect(event).toMatchObject({ inputTokens: input, outputTokens: output, costUsd: cost });
    expect([listed, audited]).toEqual([cost, cost]);
    if ('model' in more) expect(cost).toBeCloseTo(input * HAIKU.input + output * HAIKU.output, 9);
  }
});

test('a counter of money counts each turn of a conversation once', async () => {
  const big = await turn('claude_request', { prompt: `[mock:text big]${'word '.repeat(40_000)}` });
  const { sessionId } = big;
  const limit = {
    ...{ counter: 'usd', window: 'day', scope: 'account', increment_from: 'usage.costUsd' },
    max: big.cost * 2.7,
  };
  const policy = { version: '1', default: 'allow', tools: { claude_request: { limits: [limit] } } };
  await call('policy_set', { target: 'default', policy });
  try {
    // By the figures of the conversation these turns would count 2 and 3 times the first one.
    for (const word of ['second', 'third'])
      expect((await turn('claude_request', { prompt: word, sessionId, maxBudgetUsd: big.cost * 1.2 })).cost).toBeLessThan(
        big.cost * 1.1,
      );
  } finally {
    await call('policy_set', { target: 'default', policy: null });
  }
});

test('a list shows what a running job has used so far', async () => {
  const { job } = await call('claude_request_async', { prompt: '[mock:loop sleep 1]', permissionMode: 'bypassPermissions' });
  const jobId = job?.id ?? '';
  const costs = async () => {
    const { jobs = [] } = await call('llm_job_list', { state: 'running' });
    return jobs.find(({ id }) => id === jobId)?.costUsd ?? 0;
  };
  await expect.poll(costs, { timeout: 30_000 }).toBeGreaterThan(0);
  await call('llm_job_cancel', { jobId });
});

test('a job names the model that answered in place of the chosen one', async () => {
  const { job, answer } = await call('claude_request', {
    ...{ prompt: '[mock:error 529 opus]', model: 'opus', fallbackModel: 'sonnet', syncDeadlineMs: 90_000 },
  });
  expect(answer?.text).toBe('Answered by claude-sonnet-5-5.');
  expect(job).toMatchObject({ state: 'completed', model: 'claude-sonnet-5-5' });
});

test('the default model that list_models shows is the one that answers', async () => {
  const { models = [] } = await call('list_models', {});
  for (const { provider, default: chosen } of models)
    expect((await call(`${provider}_request`, { prompt: `which model, ${provider}` })).job?.model).toBe(chosen);
});
