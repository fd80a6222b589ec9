import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counters, type OwnedCharge } from '../../src/account/tables/counters.ts';
import { answer, callOf, ended, jobOf, specOf, submit } from './helpers/jobs.ts';
import { setPolicy } from './helpers/post.ts';

const MAX = 3;
const POLICY = {
  version: '1',
  default: 'deny',
  tools: {
    claude_request: { action: 'require_approval', limits: [{ counter: 'c', window: 'day', max: MAX, scope: 'grant' }] },
    llm_job_list: { limits: [{ counter: 'c', window: 'day', max: MAX, scope: 'grant' }] },
  },
} as const;

type Step = { do: 'ask' | 'read' | 'approve' | 'deny' | 'cancel' | 'evict' | 'alarm'; several: number };
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('ask', 'ask', 'read', 'approve', 'deny', 'cancel', 'evict', 'alarm'),
  several: fc.integer({ min: 1, max: 3 }),
});

/** One account, what is open in it, and what was let through for good. */
async function openAccount() {
  const { account } = specOf([]);
  await setPolicy({ account, grant: 'g', scopes: [] }, JSON.stringify(POLICY));
  const stub = () => env.ACCOUNTS.getByName(account);
  const open: { job: { account: string; id: string }; approvalId: string }[] = [];
  let kept = 0;
  const ask = async () => {
    const spec = specOf([answer('x')], { account });
    const made = await submit(spec, { call: callOf('claude_request', { n: spec.id }) });
    if (made.ok) open.push({ job: spec, approvalId: made.value.job.hold?.approvalId ?? '' });
  };
  const end = async (approve: boolean) => {
    const one = open.shift();
    if (!one) return;
    await stub().decide({ id: one.approvalId, approve, by: 'a person', isGrant: false, remember: false });
    if (approve) kept += 1;
    await ended(one.job);
  };
  const steps: Record<Step['do'], () => Promise<void>> = {
    ask,
    read: async () => {
      if ((await stub().permit(callOf('llm_job_list'))).ok) kept += 1;
    },
    approve: () => end(true),
    deny: () => end(false),
    cancel: async () => {
      const one = open.shift();
      if (!one) return;
      await jobOf(one.job).cancel();
      await runDurableObjectAlarm(jobOf(one.job));
    },
    evict: () => evictDurableObject(stub()),
    alarm: async () => void (await runDurableObjectAlarm(stub())),
  };
  const counted = () =>
    runInDurableObject(
      stub(),
      (_object, state) => state.storage.sql.exec<{ n: number | null }>('SELECT SUM(value) AS n FROM counter').one().n ?? 0,
    );
  return { steps, counted, expected: () => kept + open.length };
}

test('a counter never passes its maximum and ends at what was made, whatever order calls, decisions and crashes come in', async () => {
  const run = fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (script) => {
    const { steps, counted, expected } = await openAccount();
    for (const { do: name, several } of script) {
      await Promise.all(Array.from({ length: name === 'evict' ? 1 : several }, steps[name]));
      expect(await counted()).toBeLessThanOrEqual(MAX);
    }
    // Ends that were on their way when the account was evicted arrive by the jobs' own alarms.
    await expect.poll(counted).toBe(expected());
  });
  await fc.assert(run, { numRuns: 12 });
}, 120_000);

const charge = (change: Partial<OwnedCharge> = {}): OwnedCharge => ({
  owner: 'grant:g',
  scope: 'grant',
  counter: 'c',
  windowS: 60,
  max: 10,
  unit: 'calls',
  amount: 1,
  rule: 'r',
  ...change,
});
const NOON = Date.UTC(2026, 10, 25, 12);

test('a counter restarts with its window, counts a call once, and keeps reservations apart by owner and window', async () => {
  await runInDurableObject(env.ACCOUNTS.getByName(crypto.randomUUID()), (_object, state) => {
    const counters = new Counters(state.storage);
    counters.reserve('a', [charge(), charge({ rule: 'another' }), charge({ owner: 'account' })], NOON);
    expect(counters.used(charge(), NOON + 59_999)).toBe(1);
    expect(counters.used(charge(), NOON + 60_000)).toBe(0);
    expect(counters.used(charge({ owner: 'account' }), NOON)).toBe(1);
    expect(counters.used(charge({ windowS: 3_600 }), NOON)).toBe(0);
    counters.charge([charge()], NOON + 60_000);
    counters.release('a');
    expect(counters.used(charge(), NOON + 60_000)).toBe(1);
    counters.release('a');
    counters.refund([charge()], NOON + 60_000);
    expect(counters.used(charge(), NOON + 60_000)).toBe(0);
    expect(counters.used(charge({ owner: 'account' }), NOON)).toBe(0);
  });
});

test('an estimate is replaced by actual usage, in its own window only', async () => {
  await runInDurableObject(env.ACCOUNTS.getByName(crypto.randomUUID()), (_object, state) => {
    const counters = new Counters(state.storage);
    const usd = charge({ unit: 'usage.costUsd', amount: 0.5, windowS: 86_400 });
    const used = { 'usage.costUsd': 0.75, 'usage.totalTokens': 0, runtimeSeconds: 0 };
    counters.reserve('a', [usd, charge()], NOON);
    counters.settle('a', used);
    expect(counters.used(usd, NOON)).toBeCloseTo(0.75);
    expect(counters.used(charge(), NOON)).toBe(1);
    counters.settle('a', used);
    expect(counters.used(usd, NOON)).toBeCloseTo(0.75);
    counters.reserve('b', [usd], NOON);
    counters.charge([usd], NOON + 86_400_000);
    counters.settle('b', used);
    expect(counters.used(usd, NOON + 86_400_000)).toBeCloseTo(0.5);
  });
});
