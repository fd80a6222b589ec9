import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Event } from '../../container/protocol.ts';
import { Account } from '../../src/account/account.ts';
import { Spending } from '../../src/account/tables/spending.ts';
import { handleModelRequest } from '../../src/gate/gate.ts';
import { runToken } from '../../src/gate/run-token.ts';
import { ingest } from '../../src/job/ingest.ts';
import type { JobSpec } from '../../src/job/record.ts';
import { JobStore } from '../../src/job/store.ts';
import { callOf, ended, jobOf, say, specOf, submit } from './helpers/jobs.ts';

const TOKEN = 'a-made-up-run-token';
const QUESTION = JSON.stringify({
  model: 'claude-opus-5-5',
  max_tokens: 9_000,
  stream: true,
  messages: [{ role: 'user', content: 'hi' }],
});

const words = [{ role: 'user', content: '[mock:slow 1]' }];
/** A question to either service that is answered word by word over a second. */
const SLOW = JSON.stringify({
  model: 'claude-opus-5-5',
  stream: true,
  messages: words,
  input: words,
  tools: [{ type: 'function', name: 'bash' }],
});

const credential = (spec: JobSpec, token = TOKEN) => runToken(env, spec, token);

const modelCall = async (spec: JobSpec, path: string, method: string, token = TOKEN, body = QUESTION) => {
  const headers = { 'x-api-key': await credential(spec, token), 'content-type': 'application/json', host: '127.0.0.1' };
  return new Request(`http://127.0.0.1${path}`, { method, headers, ...(method === 'POST' && { body }) });
};

/** A model call as a CLI makes it. */
const callGate = async (spec: JobSpec, path = '/gate/claude/v1/messages', method = 'POST', token = TOKEN, body = QUESTION) =>
  exports.default.fetch(await modelCall(spec, path, method, token, body));

/** A job of Claude whose run goes on until it is ended. */
async function runningJob(change: Partial<JobSpec> = {}): Promise<JobSpec> {
  const spec = specOf([{ stay: true }], { provider: 'claude', ...change });
  await submit(spec);
  const started = await jobOf(spec).wait(0, 1, 10_000);
  if (!started?.ok || started.value.job.state !== 'running') throw new Error('the run did not start');
  return spec;
}

/** A job that has its turn, and no run that could end by itself. */
async function jobOnly(provider: string): Promise<JobSpec> {
  const spec = specOf([], { provider });
  const hold = { approvalId: 'a', rule: '', reason: '', expiresAt: Date.now() + 600_000, url: '' };
  await jobOf(spec).create(spec, TOKEN, true, hold);
  return spec;
}

async function usageOf(spec: JobSpec) {
  const status = await jobOf(spec).status(0, 1);
  return status?.ok ? status.value.job.usage : undefined;
}

/** What the model service was asked; `finished` is false where the answer was called off. */
const Requests = z.array(z.looseObject({ url: z.string().optional(), finished: z.boolean().optional() }));
const modelRequests = async () => (await fetch(`${inject('modelUrl')}/__mock/requests`)).text();
const callOfUrl = async (end: string) => Requests.parse(JSON.parse(await modelRequests())).find(({ url }) => url?.endsWith(end));

test('a call reaches the model with the key of the provider alone, and is answered as it streams', async () => {
  const spec = await runningJob();
  const call = await modelCall(spec, '/gate/claude/v1/messages', 'POST');
  call.headers.set('authorization', `Bearer ${await credential(spec)}`);
  const answer = await exports.default.fetch(call);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  expect(await answer.text()).toContain('event: message_stop');
  const requests = await modelRequests();
  expect(requests).toContain('test-anthropic-key');
  expect(requests).not.toContain(await credential(spec));
  await jobOf(spec).cancel();
});

test('what calls use is counted as they pass, and kept with a job that was cut off', async () => {
  const spec = await runningJob();
  await (await callGate(spec)).text();
  await (await callGate(spec)).text();
  await jobOf(spec).cancel();
  const { usage } = await ended(spec);
  expect(usage?.inputTokens).toBeGreaterThan(0);
  expect(usage?.costUsd).toBeCloseTo(((usage?.inputTokens ?? 0) * 4 + (usage?.outputTokens ?? 0) * 20) / 1e6, 9);
});

const tokens = { inputTokens: 7, outputTokens: 7, cacheReadTokens: 0, cacheWriteTokens: 0 };

test.each([
  ['more', { ...tokens, costUsd: 100 }],
  ['less', { ...tokens, costUsd: 0 }],
  ['no price', tokens],
])('a run whose CLI reports %s than the gate metered is charged what the gate metered, everywhere', async (_what, usage) => {
  const spec = await runningJob({ prompt: JSON.stringify([say({ kind: 'usage', usage }), { stay: true }]) });
  const told = await jobOf(spec).wait(1, 100, 10_000);
  expect(told?.ok && told.value.job.usage).toEqual(usage);
  await (await callGate(spec)).text();
  const metered = (await usageOf(spec))?.costUsd ?? 0;
  expect(metered).toBeGreaterThan(0);
  const account = env.ACCOUNTS.getByName(spec.account);
  expect((await account.list({ limit: 1 }))[0]).toMatchObject({ state: 'running', cost_usd: metered });
  await jobOf(spec).cancel();
  const { usage: final } = await ended(spec);
  expect(final?.costUsd).toBe(metered);
  await expect.poll(async () => (await account.list({ limit: 1 }))[0]).toMatchObject({ state: 'canceled', cost_usd: metered });
  expect((await account.audit({ job: spec.id, kind: 'end' }, 1))[0]?.costUsd).toBe(metered);
});

test.each([
  ['claude', '/gate/claude/v1/messages'],
  ['grok', '/gate/grok/v1/responses'],
])('what a stream of %s used counts though the run stops reading it', async (provider, path) => {
  const spec = await jobOnly(provider);
  const answer = await callGate(spec, path, 'POST', TOKEN, SLOW);
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await expect.poll(async () => (await usageOf(spec))?.outputTokens).toBeGreaterThan(1);
  expect((await usageOf(spec))?.costUsd).toBeGreaterThan(0);
});

test('what a run had asked for is called off once it was canceled', async () => {
  const spec = await jobOnly('grok');
  const body = SLOW.replaceAll('[mock:slow 1]', '[mock:slow 60]');
  const answer = await callGate(spec, `/gate/grok/v1/responses?of=${spec.id}`, 'POST', TOKEN, body);
  const reader = answer.body?.getReader();
  await reader?.read();
  await jobOf(spec).cancel();
  await reader?.cancel();
  await expect.poll(() => callOfUrl(spec.id)).toMatchObject({ finished: false });
});

test('an upstream keeps the path of its URL', async () => {
  const spec = await jobOnly('grok');
  const settings = { ...env, XAI_UPSTREAM_URL: `${inject('modelUrl')}/v1/account/gw/grok` };
  const answer = await handleModelRequest(await modelCall(spec, '/gate/grok/v1/responses?of=a-proxy', 'POST'), settings);
  expect(await answer.text()).toContain('response.completed');
  expect(await modelRequests()).toContain('"url":"/v1/account/gw/grok/v1/responses?of=a-proxy"');
});

test('a redirect of the model service is returned to the run, because the key may go to no other place', async () => {
  const spec = await jobOnly('grok');
  const body = SLOW.replaceAll('[mock:slow 1]', `[mock:redirect /v1/elsewhere?of=${spec.id}]`);
  const answer = await handleModelRequest(await modelCall(spec, '/gate/grok/v1/responses', 'POST', TOKEN, body), env);
  expect([answer.status, answer.headers.get('location')]).toEqual([307, `/v1/elsewhere?of=${spec.id}`]);
  expect(await callOfUrl(spec.id)).toBeUndefined();
});

/** Makes a model call, and leaves before its response begins. */
async function leaveEarly(spec: JobSpec, isCanceled: boolean): Promise<void> {
  const body = JSON.stringify({ ...JSON.parse(SLOW.replaceAll('slow 1', `hold ${spec.id}`)), stream: false });
  const client = new AbortController();
  const call = await modelCall(spec, `/gate/grok/v1/responses?of=${spec.id}`, 'POST', TOKEN, body);
  const answer = exports.default.fetch(call, { signal: client.signal }).catch(() => null);
  await fetch(`${inject('modelUrl')}/__mock/held/${spec.id}`);
  if (isCanceled) await jobOf(spec).cancel();
  client.abort();
  await answer;
}

test('a call that a run left before its response began is called off if its job was canceled', async () => {
  const spec = await jobOnly('grok');
  await leaveEarly(spec, true);
  await expect.poll(() => callOfUrl(spec.id)).toMatchObject({ finished: false });
});

test('what a call used counts though the run left before its response began', async () => {
  const spec = await jobOnly('grok');
  await leaveEarly(spec, false);
  await fetch(`${inject('modelUrl')}/__mock/release/${spec.id}`, { method: 'POST' });
  await expect.poll(async () => (await usageOf(spec))?.outputTokens).toBeGreaterThan(1);
});

test('a run that passes its budget is ended by name, and makes no more calls', async () => {
  const spec = await runningJob({ options: { maxBudgetUsd: 0.000_001 } });
  await expect((await callGate(spec)).text()).rejects.toThrow('the budget of the run is used up');
  expect((await callGate(spec)).status).toBe(403);
  expect(await ended(spec)).toMatchObject({
    state: 'failed',
    reason: 'budget_exceeded',
    error: { code: 'budget_exceeded', message: expect.stringContaining('0.000001 USD') },
  });
});

const refused: [what: string, path: string, method: string, token?: string][] = [
  ['another path of the service', '/gate/claude/v1/files', 'POST'],
  ['another method', '/gate/claude/v1/messages', 'DELETE'],
  ['a control route of the bundled model endpoint', '/gate/claude/__mock/release/a-name', 'POST'],
  ['a path that climbs', '/gate/claude/v1/messages/../files', 'POST'],
  ['another host', '/gate/claude//evil.example/v1/messages', 'POST'],
  ['another host after a backslash', '/gate/claude/\\evil.example/v1/messages', 'POST'],
  ['the gate of another provider', '/gate/grok/v1/responses', 'POST'],
  ['the gate of nobody', '/gate/', 'POST'],
  ['another token', '/gate/claude/v1/messages', 'POST', 'another-run-token-x'],
];

test('the gate lets a run through to the model calls of its provider alone', async () => {
  const spec = await runningJob();
  for (const [what, path, method, token] of refused) {
    const answer = await callGate(spec, path, method, token);
    expect({ what, status: answer.status, body: await answer.json() }).toMatchObject({
      what,
      status: 403,
      body: { error: { code: 'gate_refused' } },
    });
  }
  await jobOf(spec).cancel();
  await ended(spec);
  expect((await callGate(spec)).status).toBe(403);
});

test.each([
  ['POST', '/gate/grok//evil.example/v1/responses'],
  ['POST', '/gate/grok/\\evil.example/v1/responses'],
  ['GET', '/gate/grok//evil.example/v1/models'],
  ['GET', '/gate/grok//evil.example/'],
])('a run of Grok takes its key to no other host: %s %s', async (method, path) => {
  const answer = await callGate(await jobOnly('grok'), path, method);
  expect({ status: answer.status, body: await answer.json() }).toMatchObject({
    status: 403,
    body: { error: { code: 'gate_refused' } },
  });
});

test('an account that has spent its daily budget starts no more jobs until midnight UTC', async () => {
  const spec = specOf([]);
  const submission = {
    spec,
    call: callOf('claude_request'),
    runToken: TOKEN,
    requestKey: spec.id,
    forceRefresh: false,
    reuseCompleted: false,
    label: '',
  };
  await runInDurableObject(env.ACCOUNTS.getByName(spec.account), async (_account, state) => {
    const settings = { ...env, DAILY_BUDGET_USD: '0.5' };
    const account = new Account(state, settings);
    const use = { id: 'another job', costUsd: 0, totalTokens: 0, heldUsd: 0 };
    expect([account.spend(0.25, use), account.spend(0.5, use)]).toEqual([undefined, 0.5]);
    expect(await account.submit(submission)).toEqual({
      ok: false,
      failure: {
        code: 'budget_exceeded',
        rule: 'DAILY_BUDGET_USD',
        reason: expect.stringContaining('0.75 USD spent today, limit 0.5'),
        retryAfterMs: expect.any(Number),
      },
    });
    const spending = new Spending(state.storage);
    const tomorrow = Date.now() + 86_400_000;
    expect(spending.today(tomorrow)).toBe(0);
    spending.add(1, tomorrow);
    expect(spending.today(tomorrow)).toBe(1);
  });
});

/** The events of a run that ends because of this HTTP status. */
const failingWith = (apiStatus: number, after: number): Event[] => [
  {
    ...{ seq: after + 1, at: 1, kind: 'result', index: 0, isError: true, subtype: 'success', apiStatus },
    ...{ errors: [], models: [], denials: [], hasStructured: false },
  },
  { seq: after + 2, at: 1, kind: 'exit', cause: 'exit', code: 1, signal: null, stdoutBytes: 0, stderrBytes: 0 },
];

test.each([
  ['retry-after 3600', 3_600_000],
  ['anthropic-ratelimit-unified-reset 4102444800', undefined],
  ['x-other 1', undefined],
])('the time that a model service gives with a refusal is in the error of the job: %s', async (header, waitMs) => {
  const spec = await runningJob();
  await callGate(spec, undefined, 'POST', TOKEN, QUESTION.replace('"hi"', `"[mock:limit ${header}]"`));
  await runInDurableObject(jobOf(spec), (_job, state) => {
    const store = new JobStore(state.storage);
    ingest(store, failingWith(429, store.job()?.cursor ?? 0), Date.now());
  });
  const { error } = await ended(spec);
  expect(error).toMatchObject({ code: 'rate_limited', retryable: true });
  if (waitMs === undefined) expect(error?.retryAfterMs).toBeUndefined();
  else expect(Math.abs((error?.retryAfterMs ?? 0) - waitMs)).toBeLessThan(20_000);
});
