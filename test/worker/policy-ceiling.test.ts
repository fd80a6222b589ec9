import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { Account } from '../../src/account/account.ts';
import { callOf, ended } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const stays = () => JSON.stringify([{ write: `${crypto.randomUUID()}\n` }, { stay: true }]);

test.each(['careful', 'read-only'])(
  "under %s a requester cancels its own job at once, and needs approval for no one else's",
  async (preset) => {
    const requester = someone('jobs:read', 'jobs:run');
    const other = { ...requester, grant: 'other' };
    const { job } = await callTool(requester, 'claude_request_async', { prompt: stays() });
    for (const who of [requester, other]) await setPolicy(who, preset);
    expect((await callTool(other, 'llm_job_cancel', { jobId: job?.id })).error?.code).toBe(
      preset === 'careful' ? 'approval_required' : 'policy_denied',
    );
    expect((await callTool(requester, 'llm_job_cancel', { jobId: job?.id })).ok).toBe(true);
    expect(await ended({ ...requester, id: job?.id ?? '' })).toMatchObject({ state: 'canceled' });
  },
);

test('no policy of an account allows more than CEILING_POLICY, and the tools say so', async () => {
  const caller = someone();
  await runInDurableObject(env.ACCOUNTS.getByName(caller.account), async (_account, state) => {
    const settings = { ...env, CEILING_POLICY: 'careful' };
    const account = new Account(state, settings);
    expect(account.setPolicy('g', 'enforce', 'open', 'a person').ok).toBe(true);
    expect(account.policyState('g')).toMatchObject({ written: 'open', from: 'g', ceiling: 'careful' });
    expect(await account.permit(callOf('llm_job_delete', { jobId: 'job_0' }))).toMatchObject({
      failure: { code: 'approval_required' },
    });
  });
});

test("without CEILING_POLICY, DEFAULT_POLICY bounds every account but the owner's", async () => {
  const ceilingOf = (name: string) =>
    runInDurableObject(env.ACCOUNTS.getByName(name), async (_account, state) => {
      const settings = { ...env, DEFAULT_POLICY: 'careful' };
      return new Account(state, settings).policyState('g').ceiling;
    });
  expect([await ceilingOf(`a${crypto.randomUUID()}`), await ceilingOf('owner')]).toEqual(['careful', undefined]);
});
