import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test, vi } from 'vitest';
import { Account } from '../../src/account/account.ts';
import { callOf, specOf } from './helpers/jobs.ts';
import { passTime } from './helpers/time.ts';

const HOUR_MS = 3_600_000;
const SECRET = `whsec_${btoa('a-made-up-secret-of-32-characters')}`;
const SETTINGS = {
  ...env,
  APPROVAL_WEBHOOK_URL: 'https://hooks.example.com/approvals',
  APPROVAL_WEBHOOK_SECRET: SECRET,
  APPROVAL_TIMEOUT_MS: String(24 * HOUR_MS),
};
const ASKING = JSON.stringify({ version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } });

afterEach(() => vi.restoreAllMocks());

/** What is sent to the receiver, which answers with these statuses and then with 200. Jobs of other tests still talk to their executor. */
function receiver(...statuses: number[]) {
  const sent: { url: string; init: RequestInit; body: string }[] = [];
  const { fetch } = globalThis;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init = {}) => {
    if (url !== SETTINGS.APPROVAL_WEBHOOK_URL) return fetch(url, init);
    sent.push({ url: String(url), init, body: String(init.body) });
    return new Response(null, { status: statuses.shift() ?? 200 });
  });
  return sent;
}

/** An account with a webhook, and a pending approval. */
function inAccount(work: (account: Account) => Promise<void>) {
  return runInDurableObject(env.ACCOUNTS.getByName(specOf([]).account), async (_account, state) => {
    const account = new Account(state, SETTINGS);
    account.setPolicy('default', 'enforce', ASKING, 'a test');
    await account.permit(callOf('llm_job_delete', { jobId: 'job_0', token: 'hunter2' }));
    await work(account);
  });
}

test('an approval is announced once, signed so that its receiver can check it, and shows no secret', async () => {
  const sent = receiver();
  await inAccount(async (account) => {
    await account.alarm();
    await account.alarm();
  });
  expect(sent).toHaveLength(1);
  const [{ url, init, body } = { url: '', init: {}, body: '' }] = sent;
  expect({ url, method: init.method, redirect: init.redirect }).toEqual({
    url: SETTINGS.APPROVAL_WEBHOOK_URL,
    method: 'POST',
    redirect: 'manual',
  });
  const headers = Object.fromEntries(new Headers(init.headers));
  expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
    type: 'approval.pending',
    data: {
      tool: 'llm_job_delete',
      kind: 'call',
      grant: 'g',
      rule: 'tools.llm_job_delete.action',
      url: 'https://gateway.test/approvals',
    },
  });
  expect(() => new Webhook(SECRET).verify(body.replace('llm_job_delete', 'llm_job_list'), headers)).toThrow();
});

test.each([500, 302, 429])('after HTTP %i it is sent again, under the same id, later', async (status) => {
  const sent = receiver(status);
  await inAccount(async (account) => {
    await account.alarm();
    await account.alarm();
    expect(sent).toHaveLength(1);
    passTime(10_000);
    await account.alarm();
    await account.alarm();
  });
  expect(new Set(sent.map(({ init }) => new Headers(init.headers).get('webhook-id'))).size).toBe(1);
  expect(sent).toHaveLength(2);
});

test('it is given up after six attempts, and not sent once the approval is decided', async () => {
  const sent = receiver(...Array.from({ length: 20 }, () => 503));
  await inAccount(async (account) => {
    for (let i = 0; i < 8; i += 1) {
      passTime(2 * HOUR_MS);
      await account.alarm();
    }
  });
  expect(sent).toHaveLength(6);
  await inAccount(async (account) => {
    const [approval] = account.approvals('pending', 1);
    await account.decide({ id: approval?.id ?? '', approve: false, by: 'a person', isGrant: false, remember: false });
    await account.alarm();
  });
  expect(sent).toHaveLength(6);
});
