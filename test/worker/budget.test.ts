import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Account } from '../../src/account/account.ts';
import { handleModelRequest } from '../../src/gate/gate.ts';
import { runToken } from '../../src/gate/run-token.ts';
import { type BudgetContext, closeCall, openCall, recordSpend } from '../../src/job/budget.ts';
import { heldUsd, SpendStore } from '../../src/job/spend.ts';
import { JobStore } from '../../src/job/store.ts';
import { ended, jobOf, specOf, submit } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const TOKEN = 'a-made-up-run-token';
const worker = () => someone('jobs:read', 'jobs:run');
const accountOf = ({ account }: { account: string }) => env.ACCOUNTS.getByName(account);
const NO_TOKENS = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const spentUsd = (costUsd: number) => ({ ...NO_TOKENS, costUsd });
/** The most that a response of the bundled endpoint costs between two reports of its usage, in USD. */
const STEP_USD = 0.05;

interface Budgets {
  own?: number;
  /** What the account leaves for all of its jobs. */
  account?: number;
  maxCalls?: number;
}

/** A running job in the storage of an object, and the budgets of its calls. */
function openBudget(state: DurableObjectState, { own, account = Number.POSITIVE_INFINITY, maxCalls = 100 }: Budgets) {
  const store = new JobStore(state.storage);
  const spec = specOf([], { provider: 'claude', options: own === undefined ? {} : { maxBudgetUsd: own } });
  store.create(spec, TOKEN, 1);
  store.mark('admitted_at', 1);
  store.start(1);
  const spend = new SpendStore(state.storage);
  let wake = Promise.withResolvers<void>();
  const canceled: string[] = [];
  const context: BudgetContext = {
    ...{ store, spend, maxCalls },
    now: () => 1,
    modelRefusal: async () => undefined,
    reserve: async (_row, usd, { spentUsd: spent, heldUsd: held }) => ({
      usd: Math.max(0, Math.min(usd, account - spent - held)),
      ...(Number.isFinite(account) && { limitUsd: account, isHeld: held > 0 }),
    }),
    reportUse: async (_row, total) => ((total.costUsd ?? 0) >= account ? account : undefined),
    cancelRun: (row) => canceled.push(row.spec.id),
    changed: () => {
      wake.resolve();
      wake = Promise.withResolvers<void>();
    },
    nextChange: () => wake.promise,
  };
  const open = (usd = 1) =>
    openCall(context, { token: TOKEN, provider: 'claude', model: 'claude-opus-5-5', usd, payer: 'operator' });
  return { context, spend, store, open, canceled };
}

/** Runs a test in the storage of an object of its own. */
const inStorage = <T>(run: (state: DurableObjectState) => Promise<T>): Promise<T> =>
  runInDurableObject(env.JOBS.getByName(crypto.randomUUID()), (_job, state) => run(state));

test('a small budget allows one call at a time: the next one waits until the first has ended', async () => {
  await inStorage(async (state) => {
    const { context, open, spend } = openBudget(state, { own: 0.01 });
    const first = await open();
    expect(heldUsd(spend.calls(1))).toBe(0.01);
    let isOpen = false;
    const second = open().then((opened) => {
      isOpen = true;
      return opened;
    });
    await new Promise((resolve) => setTimeout(resolve));
    expect(isOpen).toBe(false);
    const id = first.ok ? first.value : '';
    expect(await recordSpend(context, id, spentUsd(0.004))).toBe(true);
    await closeCall(context, id);
    expect((await second).ok).toBe(true);
    expect(heldUsd(spend.calls(1))).toBeCloseTo(0.006, 9);
  });
});

test('a call beyond the number that may be under way waits for another one to end', async () => {
  await inStorage(async (state) => {
    const { context, open, spend } = openBudget(state, { maxCalls: 2 });
    const [first] = await Promise.all([open(), open()]);
    const third = open();
    await new Promise((resolve) => setTimeout(resolve));
    expect(spend.calls(1)).toHaveLength(2);
    await closeCall(context, first?.ok ? first.value : '');
    expect((await third).ok).toBe(true);
  });
});

test.each<[string, Budgets, number]>([
  ['its own budget', { own: 0.5 }, 0.5],
  ['the budget of its account', { account: 0.5 }, 0.5],
])('a run that finds nothing left of %s is ended by that budget', async (_what, budgets, limit) => {
  await inStorage(async (state) => {
    const { context, open, canceled, store } = openBudget(state, budgets);
    const first = await open(2);
    expect(await recordSpend(context, first.ok ? first.value : '', spentUsd(0.6))).toBe(false);
    expect(store.job()?.progress.budgetUsd).toBe(limit);
    expect(canceled).toHaveLength(1);
    expect((await open()).ok).toBe(false);
  });
});

test('a call that the account refuses, with nothing under way, ends the run and is told which budget is used up', async () => {
  await inStorage(async (state) => {
    const { open, canceled } = openBudget(state, { account: 0 });
    expect(await open()).toMatchObject({ failure: { code: 'gate_refused', reason: 'The budget of 0 USD is used up.' } });
    expect(canceled).toHaveLength(1);
  });
});

test('an open call that reports nothing for ten minutes holds nothing', async () => {
  await inStorage(async (state) => {
    const { open, spend } = openBudget(state, { own: 1 });
    await open();
    expect(heldUsd(spend.calls(600_000))).toBe(1);
    expect(spend.calls(600_001)).toEqual([]);
  });
});

test('under any interleaving, calls spend at most what each of them sends between two reports beyond the budget', async () => {
  const step = fc.record({
    call: fc.nat({ max: 7 }),
    usd: fc.double({ min: 0.001, max: 0.02, noNaN: true }),
    ends: fc.boolean(),
  });
  const budgets = fc.record({
    own: fc.double({ min: 0.005, max: 0.2, noNaN: true }),
    account: fc.double({ min: 0.005, max: 0.2, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(budgets, fc.array(step, { minLength: 10, maxLength: 40 }), async (limits, steps) => {
      await inStorage(async (state) => {
        const { context, open, spend } = openBudget(state, limits);
        const calls = new Map<number, { id: string; usd: number }>();
        let largest = 0;
        for (const { call, usd, ends } of steps) {
          const known = calls.get(call);
          if (!known) {
            const opened = await Promise.race([open(0.5), new Promise<null>((resolve) => setTimeout(resolve, 0, null))]);
            if (opened?.ok) calls.set(call, { id: opened.value, usd: 0 });
            continue;
          }
          known.usd += usd;
          largest = Math.max(largest, usd);
          const goesOn = await recordSpend(context, known.id, spentUsd(known.usd));
          if (ends || !goesOn) {
            await closeCall(context, known.id);
            calls.delete(call);
          }
        }
        const spent = spend.total().costUsd ?? 0;
        expect(spent).toBeLessThanOrEqual(Math.min(limits.own, limits.account) + largest * 8 + 1e-9);
      });
    }),
    { numRuns: 20, seed: 20_261_201 },
  );
});

/** A question whose answer costs about 2 USD. */
const EXPENSIVE = JSON.stringify({
  model: 'claude-opus-5-5',
  max_tokens: 200_000,
  stream: true,
  messages: [{ role: 'user', content: '[mock:big 400000]' }],
});

const callGate = async (spec: { account: string; id: string }, body = EXPENSIVE) =>
  exports.default
    .fetch('http://127.0.0.1/gate/claude/v1/messages', {
      method: 'POST',
      headers: { 'x-api-key': await runToken(env, spec, TOKEN), 'content-type': 'application/json', host: '127.0.0.1' },
      body,
    })
    .then((response) => response.text().then((text) => ({ status: response.status, text })))
    .catch((error: unknown) => ({ status: 0, text: String(error) }));

async function runningJob(options: Record<string, unknown> = {}, account = `a${crypto.randomUUID()}`) {
  const spec = specOf([{ stay: true }], { provider: 'claude', account, options });
  await submit(spec);
  await jobOf(spec).wait(0, 1, 10_000);
  return spec;
}

test('forty calls of one run at once spend its budget once', async () => {
  const spec = await runningJob({ maxBudgetUsd: 0.01 });
  const answers = await Promise.all(Array.from({ length: 40 }, () => callGate(spec)));
  expect(answers.filter(({ text }) => text.includes('message_stop'))).toEqual([]);
  const { usage, reason } = await ended(spec);
  expect(reason).toBe('budget_exceeded');
  expect(usage?.costUsd).toBeGreaterThan(0.005);
  expect(usage?.costUsd).toBeLessThan(0.01 + STEP_USD);
});

test('the jobs of an account share its daily budget, and hold what their calls may cost', async () => {
  await runInDurableObject(env.ACCOUNTS.getByName(crypto.randomUUID()), async (_account, state) => {
    const settings = { ...env, DAILY_BUDGET_USD: '1' };
    const account = new Account(state, settings);
    const nothing = { spentUsd: 0, heldUsd: 0 };
    expect(account.reserveSpend('one', 0.7, nothing)).toEqual({ usd: 0.7, limitUsd: 1, isHeld: false });
    expect(account.reserveSpend('two', 0.7, nothing).usd).toBeCloseTo(0.3, 9);
    expect(account.reserveSpend('three', 0.7, nothing)).toMatchObject({ usd: 0, isHeld: true });
    account.spend(0.1, { id: 'one', costUsd: 0.1, totalTokens: 1, heldUsd: 0 });
    expect(account.reserveSpend('three', 0.7, nothing).usd).toBeCloseTo(0.6, 9);
  });
});

test('a limit of the policy on cost binds a run while it runs, beyond what the job was expected to cost', async () => {
  const caller = worker();
  const limits = [{ counter: 'usd', window: 'day', max: 0.3, scope: 'grant', increment_from: 'usage.costUsd' }] as const;
  await setPolicy(caller, { version: '1', default: 'deny', tools: { claude_request_async: { limits: [...limits] } } });
  const stays = JSON.stringify([{ stay: true }]);
  const { job } = await callTool(caller, 'claude_request_async', { prompt: stays });
  const spec = { ...caller, id: job?.id ?? '' };
  await jobOf(spec).wait(0, 1, 10_000);
  const grant = await accountOf(caller).reserveSpend(spec.id, 100, { spentUsd: 0, heldUsd: 0 });
  expect(grant).toEqual({ usd: 0.3, limitUsd: 0.3, isHeld: false });
  expect(await callTool(caller, 'claude_request_async', { prompt: `${stays} ` })).toMatchObject({
    error: { code: 'budget_exceeded' },
  });
  await jobOf(spec).cancel();
});

const question = (model: string) => JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });

test('a run calls only the models that the policy of its job allows, by any of their names', async () => {
  const caller = worker();
  const require = [{ path: 'args.model', op: 'in', value: ['haiku', 'sonnet'] } as const];
  await setPolicy(caller, { version: '1', default: 'deny', tools: { claude_request_async: { require } } });
  const { job } = await callTool(caller, 'claude_request_async', { prompt: JSON.stringify([{ stay: true }]), model: 'haiku' });
  const spec = { ...caller, id: job?.id ?? '' };
  await jobOf(spec).wait(0, 1, 10_000);
  const openAs = (model: string) => accountOf(caller).modelRefusal(spec.id, { model: 'haiku' }, model);
  expect(await openAs('claude-haiku-5-5')).toBeUndefined();
  expect(await openAs('claude-haiku-5-5-20261001')).toBeUndefined();
  expect(await openAs('claude-sonnet-5-5')).toBeUndefined();
  expect(await openAs('claude-fable-5-2')).toBe(
    'The policy does not allow model claude-fable-5-2 for this job: it requires args.model in ["haiku","sonnet"] (tools.claude_request_async.require[0]).',
  );
  await jobOf(spec).cancel();
});

test('a call of a model that the policy denies is refused before it costs anything', async () => {
  const account = `a${crypto.randomUUID()}`;
  const deny_if = [{ path: 'args.model', op: 'eq', value: 'fable' } as const];
  await setPolicy({ ...worker(), account }, { version: '1', default: 'allow', tools: { claude_request: { deny_if } } });
  const spec = await runningJob({}, account);
  expect(await callGate(spec, question('claude-fable-5-2'))).toMatchObject({
    status: 403,
    text: expect.stringContaining('deny_if[0]'),
  });
  expect(await callGate(spec, question('claude-haiku-5-5'))).toMatchObject({ status: 200 });
  await jobOf(spec).cancel();
});

test('a call is not cut because its usage could not be reported', async () => {
  const lost = async () => Promise.reject(new Error('the job is unreachable'));
  const job = {
    mayCallModel: async () => true,
    openCall: async () => ({ ok: true, value: 'a-call' }),
    recordSpend: lost,
    closeCall: lost,
  };
  const token = await runToken(env, specOf([], { provider: 'claude' }), TOKEN);
  const messages = [{ role: 'user', content: 'hi' }];
  const request = new Request('http://127.0.0.1/gate/claude/v1/messages', {
    method: 'POST',
    headers: { 'x-api-key': token, 'content-type': 'application/json', host: '127.0.0.1' },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 9_000, stream: true, messages }),
  });
  const jobs = new Proxy(env.JOBS, { get: () => () => job });
  const answer = await handleModelRequest(request, { ...env, JOBS: jobs });
  expect(await answer.text()).toContain('event: message_stop');
});
