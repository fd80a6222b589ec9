import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import type { PolicyInput } from '../../src/policy/document.ts';
import { answer, callOf, ended, jobOf, specOf, submit } from './helpers/jobs.ts';
import { callTool, post, setPolicy, someone } from './helpers/post.ts';

const worker = () => someone('jobs:read', 'jobs:run');
const accountOf = ({ account }: Pick<Caller, 'account'>) => env.ACCOUNTS.getByName(account);
const prompt = (text = crypto.randomUUID()) => JSON.stringify([answer(text)]);
const stays = () => JSON.stringify([{ write: `${crypto.randomUUID()}\n` }, { stay: true }]);

/** The documents that people write first, to the letter. */
const SEEDS = ['grok_request_async', 'claude_request'].map((tool): [string, PolicyInput] => [
  tool,
  {
    version: '1',
    default: 'deny',
    hide: ['session_clear_all'],
    all_tools: { limits: [] },
    tools: {
      [tool]: {
        require: [],
        deny_if: [],
        limits: [{ counter: `${tool}_rate`, window: 'minute', max: 10, scope: 'grant' }],
      },
      llm_job_status: {},
    },
  },
]);

/** Repeats work until it starts and ends within one minute, because counters start again with each minute. */
async function inOneMinute<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    const minute = () => Math.floor(Date.now() / 60_000);
    const began = minute();
    const done = await work();
    if (minute() === began) return done;
  }
}

test.each(SEEDS)('default deny with %s at 10 a minute, as it is written, is enforced on every call', async (tool, document) => {
  const { caller, refused } = await inOneMinute(async () => {
    const someoneElse = worker();
    await setPolicy(someoneElse, document);
    const calls = await Promise.all(Array.from({ length: 14 }, () => callTool(someoneElse, tool, { prompt: prompt() })));
    const codes = calls.map(({ error }) => error?.code ?? 'admitted');
    expect(codes.filter((code) => code === 'admitted')).toHaveLength(10);
    return { caller: someoneElse, refused: calls.filter(({ isError }) => isError) };
  });
  for (const { error } of refused)
    expect(error).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      rule: `tools.${tool}.limits[0]`,
      retryAfterMs: expect.any(Number),
    });
  expect(await callTool(caller, 'llm_job_list')).toMatchObject({
    isError: true,
    error: { code: 'policy_denied', rule: 'default', retryable: false, message: expect.stringContaining('llm_job_list') },
  });
  expect((await callTool(caller, 'llm_job_status', { jobId: 'job_0' })).error?.code).toBe('job_not_found');
});

test('of 1,000 calls at once against 10 a minute exactly 10 are admitted', async () => {
  const limits: PolicyInput = {
    version: '1',
    default: 'deny',
    tools: { claude_request: { limits: [{ counter: 'c', window: 'day', max: 10, scope: 'account' }] } },
  };
  const { account } = specOf([]);
  await setPolicy({ account, grant: 'default', scopes: [] }, limits);
  const calls = Array.from({ length: 1_000 }, (_, i) =>
    submit(specOf([answer('x')], { account }), { call: callOf('claude_request', { n: i }, `grant${i % 7}`) }),
  );
  const results = await Promise.all(calls);
  expect(results.filter(({ ok }) => ok)).toHaveLength(10);
  const failures = results.flatMap((result) => (result.ok ? [] : [result.failure.code]));
  expect(new Set(failures)).toEqual(new Set(['rate_limited']));
});

const counted = (change: object = {}): PolicyInput => ({
  version: '1',
  default: 'deny',
  tools: { '*': { limits: [{ counter: 'c', window: 'day', max: 1, scope: 'grant', ...change }] } },
});
const leftOf = async (caller: Caller, tool: string, args: Record<string, unknown> = {}) =>
  (await callTool(caller, tool, args)).error?.code;

test('a call that is invalid, refused or found nothing is not counted; one that was made is', async () => {
  const caller = worker();
  await setPolicy(caller, counted());
  expect(await leftOf(caller, 'claude_request', { prompt: 'x', promt: 'y' })).toBe('invalid_input');
  expect(await leftOf(caller, 'claude_request', { prompt: 'x', sessionId: crypto.randomUUID() })).toBe('session_not_found');
  expect(await leftOf(caller, 'llm_job_status', { jobId: 'job_0' })).toBe('job_not_found');
  expect(await leftOf(caller, 'llm_job_list')).toBeUndefined();
  expect(await leftOf(caller, 'llm_job_list')).toBe('rate_limited');
});

test('a duplicate is not counted, and finds its job over the limit', async () => {
  const caller = worker();
  await setPolicy(caller, counted());
  const request = { prompt: stays() };
  const { job } = await callTool(caller, 'claude_request_async', request);
  expect((await callTool(caller, 'claude_request_async', request)).job).toMatchObject({ id: job?.id, deduplicated: true });
  expect(await leftOf(caller, 'claude_request_async', { prompt: stays() })).toBe('rate_limited');
  await jobOf({ ...caller, id: job?.id ?? '' }).cancel();
  await ended({ ...caller, id: job?.id ?? '' });
  expect(await leftOf(caller, 'claude_request_async', { prompt: stays() })).toBe('rate_limited');
});

test('a job that never started releases its reservation', async () => {
  const caller = worker();
  await setPolicy(caller, { version: '1', default: 'allow' });
  const sessionId = crypto.randomUUID();
  const first = await callTool(caller, 'claude_request_async', { prompt: stays(), sessionId, createNewSession: true });
  await setPolicy(caller, counted());
  const second = await callTool(caller, 'claude_request_async', { prompt: prompt(), sessionId });
  expect(second.job).toMatchObject({ state: 'queued' });
  expect(await leftOf(caller, 'claude_request_async', { prompt: prompt() })).toBe('rate_limited');
  const waiting = { ...caller, id: second.job?.id ?? '' };
  await jobOf(waiting).cancel();
  await runDurableObjectAlarm(jobOf(waiting));
  expect(await accountOf(caller).health()).toMatchObject({ queued: 0 });
  expect(await leftOf(caller, 'claude_request_async', { prompt: prompt() })).toBeUndefined();
  await jobOf({ ...caller, id: first.job?.id ?? '' }).cancel();
});

test('what a job uses is reserved by its budget and settled by what it used', async () => {
  const caller = worker();
  const limits = [{ counter: 'usd', window: 'day', max: 1, scope: 'grant', increment_from: 'usage.costUsd' }] as const;
  await setPolicy(caller, { version: '1', default: 'deny', tools: { claude_request_async: { limits: [...limits] } } });
  const ask = (maxBudgetUsd: number) => callTool(caller, 'claude_request_async', { prompt: prompt(), maxBudgetUsd });
  const first = await ask(0.9);
  expect(await ask(0.2)).toMatchObject({
    error: { code: 'budget_exceeded', rule: 'tools.claude_request_async.limits[0]', retryAfterMs: expect.any(Number) },
  });
  expect((await ask(1.1)).error).toMatchObject({ code: 'budget_exceeded', retryable: false });
  await ended({ ...caller, id: first.job?.id ?? '' });
  await expect.poll(() => accountOf(caller).health()).toMatchObject({ running: 0 });
  expect((await ask(0.2)).ok).toBe(true);
});

test('max_running bounds the unfinished jobs of a tool per grant', async () => {
  const caller = worker();
  const other = { ...caller, grant: 'h' };
  const policy: PolicyInput = { version: '1', default: 'allow', tools: { grok_request_async: { max_running: 1 } } };
  for (const who of [caller, other]) await setPolicy(who, policy);
  const first = await callTool(caller, 'grok_request_async', { prompt: stays() });
  expect((await callTool(caller, 'grok_request_async', { prompt: stays() })).error).toMatchObject({
    code: 'rate_limited',
    rule: 'tools.grok_request_async.max_running',
    retryable: true,
  });
  const theirs = await callTool(other, 'grok_request_async', { prompt: stays() });
  expect(theirs.ok).toBe(true);
  for (const { job } of [first, theirs]) await jobOf({ ...caller, id: job?.id ?? '' }).cancel();
  await ended({ ...caller, id: first.job?.id ?? '' });
  await expect.poll(() => leftOf(caller, 'grok_request_async', { prompt: prompt() })).toBeUndefined();
});

test('conditions test the arguments as written, and a refusal states which condition and why', async () => {
  const caller = worker();
  await setPolicy(caller, {
    version: '1',
    default: 'deny',
    tools: {
      claude_request_async: {
        require: [{ path: 'args.model', op: 'in', value: ['sonnet', 'haiku'] }],
        deny_if: [{ path: 'args.prompt', op: 'regex', value: 'rm -rf' }],
      },
      grok_request_async: { action: 'deny', reason: 'Grok is for the other team.' },
    },
  });
  expect((await callTool(caller, 'claude_request_async', { prompt: 'hi' })).error).toMatchObject({
    code: 'policy_denied',
    rule: 'tools.claude_request_async.require[0]',
    reason: 'it requires args.model in ["sonnet","haiku"]',
  });
  expect((await callTool(caller, 'claude_request_async', { prompt: 'x; rm -rf /', model: 'haiku' })).error).toMatchObject({
    rule: 'tools.claude_request_async.deny_if[0]',
  });
  expect((await callTool(caller, 'grok_request_async', { prompt: 'hi' })).error).toMatchObject({
    message: expect.stringContaining('Grok is for the other team.'),
  });
  expect((await callTool(caller, 'claude_request_async', { prompt: prompt(), model: 'haiku' })).ok).toBe(true);
});

test('a hidden tool is not listed and answers as an unknown one, however it is called', async () => {
  const caller = worker();
  await setPolicy(caller, { version: '1', default: 'allow', hide: ['grok_*', 'llm_job_cancel'] });
  const { result } = await post(caller, 'tools/list', {});
  const names = JSON.stringify(result?.tools);
  expect(names).toContain('"claude_request"');
  expect(names).not.toMatch(/grok_request|llm_job_cancel/);
  const errorOf = async (name: string, args: object) =>
    JSON.stringify((await post(caller, 'tools/call', { name, arguments: args })).error).replaceAll(name, 'NAME');
  // The suggestion depends on the name, so an unknown name of the same words is compared.
  const unknown = await errorOf('grokk_request', {});
  expect(unknown).toContain('Did you mean');
  for (const args of [{}, { prompt: 'hi' }, { promt: 1 }, { prompt: '' }])
    expect(await errorOf('grok_request', args)).toBe(unknown);
  expect(await errorOf('llm_job_cancel', { jobId: 'job_0' })).toBe(await errorOf('llm_job_cxxxxx', {}));
});

test('a value written in another form passes no rule', async () => {
  const caller = worker();
  await setPolicy(caller, 'careful');
  for (const args of [{ may: 'run' }, { alwaysApprove: 'true' }, { alwaysApprove: ' TRUE ' }])
    expect(await post(caller, 'tools/call', { name: 'grok_request', arguments: { prompt: 'x', ...args } })).toMatchObject({
      result: { structuredContent: { error: { code: 'policy_denied' } } },
    });
});

test('what finds nothing is not counted, whichever way it was looked for', async () => {
  const caller = worker();
  await setPolicy(caller, { version: '1', default: 'allow', all_tools: { limits: [{ counter: 'c', window: 'day', max: 1 }] } });
  const isLimited = async (method: string, params: Record<string, unknown>) =>
    JSON.stringify(await post(caller, method, params)).includes('rate_limited');
  const looks: [method: string, params: Record<string, unknown>][] = [
    ['tools/call', { name: 'llm_job_status', arguments: { jobId: 'job_0' } }],
    ['resources/read', { uri: 'job://job_0/result' }],
    ['tasks/get', { taskId: 'job_0' }],
    ['tasks/cancel', { taskId: 'job_0' }],
    ['tools/call', { name: 'llm_job_list', arguments: {} }],
  ];
  for (const [method, params] of looks) expect({ method, is: await isLimited(method, params) }).toEqual({ method, is: false });
  expect(await isLimited('tools/call', { name: 'llm_job_list', arguments: {} })).toBe(true);
});

test('resources and tasks are no way around a policy', async () => {
  const caller = worker();
  const { job } = await callTool(caller, 'claude_request', { prompt: prompt('secret answer') });
  const other = { ...caller, grant: 'other' };
  for (const who of [caller, other]) await setPolicy(who, { version: '1', default: 'deny', tools: { claude_request: {} } });
  const takesTasks = { takesTasks: true, limits: { taskAfterMs: 0 } };
  for (const [method, params] of [
    ['resources/list', {}],
    ['resources/read', { uri: `job://${job?.id}/result` }],
    ['resources/read', { uri: `job://${job?.id}/events` }],
    ['tasks/get', { taskId: job?.id }],
    ['tasks/cancel', { taskId: job?.id }],
  ] as const) {
    // A requester may always cancel its own job.
    const who = method === 'tasks/cancel' ? other : caller;
    const { error, result } = await post(who, method, params, takesTasks);
    expect({ method, result, message: error?.message }).toMatchObject({
      method,
      result: undefined,
      message: expect.stringContaining('The policy of this connection denies'),
    });
  }
  const { result } = await post(
    caller,
    'tools/call',
    { name: 'claude_request', arguments: { prompt: stays(), syncDeadlineMs: 0 } },
    takesTasks,
  );
  expect(result).toMatchObject({
    resultType: 'complete',
    structuredContent: { job: { state: expect.stringMatching(/queued|running/) } },
  });
});

test('a grant is held to its own policy, else to the account, else to the preset of the gateway', async () => {
  const caller = worker();
  const other = { ...caller, grant: 'h' };
  const whole = { ...caller, grant: 'default' };
  const sees = async (who: Caller) => (await callTool(who, 'llm_job_list')).error?.code ?? 'allowed';
  expect(await sees(caller)).toBe('allowed');
  await setPolicy(whole, { version: '1', default: 'deny' });
  expect([await sees(caller), await sees(other)]).toEqual(['policy_denied', 'policy_denied']);
  await setPolicy(other, 'read-only');
  expect([await sees(caller), await sees(other)]).toEqual(['policy_denied', 'allowed']);
  await accountOf(caller).setPolicy('h', 'enforce', null, 'a test');
  expect(await sees(other)).toBe('policy_denied');
});
