import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { Caller } from '../../../src/caller.ts';
import type { PolicyInput } from '../../../src/policy/document.ts';
import { answer } from './jobs.ts';
import { callTool, setPolicy, someone } from './post.ts';

export const POLICY: PolicyInput = {
  version: '1',
  default: 'allow',
  tools: {
    claude_request: { action: 'require_approval', reason: 'Somebody has to look first.' },
    claude_request_async: { action: 'require_approval', reason: 'Somebody has to look first.' },
    llm_job_delete: { action: 'require_approval' },
  },
};

/** A grant whose requests need approval, and another grant of its account that decides. */
export async function pair() {
  const requester: Caller = { ...someone('jobs:read', 'jobs:run', 'approvals:write'), showsApprovals: true };
  const approver: Caller = { ...requester, grant: 'approver' };
  await setPolicy(requester, POLICY);
  return { requester, approver, account: env.ACCOUNTS.getByName(requester.account) };
}

/** A script whose CLI answers with a text. */
export const prompt = (text = crypto.randomUUID()) => JSON.stringify([answer(text)]);
/** Decides an approval through the tool. */
export const decide = (who: Caller, approvalId: string, approve: boolean, more = {}) =>
  callTool(who, 'approval_decide', { approvalId, approve, ...more });

/** Starts a request that is held. */
export async function hold(requester: Caller, args: Record<string, unknown> = {}) {
  const { job, next } = await callTool(requester, 'claude_request_async', { prompt: prompt('done'), ...args });
  expect(job).toMatchObject({
    state: 'held',
    hold: { rule: 'tools.claude_request_async.action', reason: 'Somebody has to look first.' },
  });
  return { job: { account: requester.account, id: job?.id ?? '' }, approvalId: job?.hold?.approvalId ?? '', next };
}
