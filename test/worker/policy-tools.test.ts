import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { OWNER } from '../../src/caller.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const admin = () => someone('jobs:read', 'jobs:run', 'admin');

test('policy_set takes effect on the next call, refuses what is wrong, and keeps its history', async () => {
  const caller = admin();
  const target = caller.grant;
  const set = (policy: unknown, change = {}) => callTool(caller, 'policy_set', { target, policy, ...change });
  expect(await set({ version: '2', default: 'deny' })).toMatchObject({
    error: { code: 'invalid_input', message: 'version must be "1", got "2".' },
  });
  const denying = { version: '1', default: 'allow', hide: ['session_clear_all'], tools: { llm_job_list: { action: 'deny' } } };
  expect((await set(denying)).policies?.[0]).toMatchObject({
    target,
    from: target,
    policy: denying,
    unknownTools: ['session_clear_all'],
  });
  expect((await callTool(caller, 'llm_job_list')).error?.code).toBe('policy_denied');
  expect((await set('careful')).policies?.[0]).toMatchObject({ policy: 'careful' });
  expect((await callTool(caller, 'llm_job_list')).error?.code).toBeUndefined();
  expect((await callTool(caller, 'policy_get', { target })).policies?.[0]).toMatchObject({
    policy: 'careful',
    changes: [
      { policy: 'careful', by: caller.grant, mode: 'enforce' },
      { policy: denying, by: caller.grant, mode: 'enforce' },
    ],
  });
});

test('policy_test reports which rule decides on a call, why, and the values of its counters; it changes nothing', async () => {
  const caller = admin();
  const document = { version: '1', default: 'deny', tools: { grok_request: { rate_limit: { max: 1, window: 86_400 } } } };
  const tried = { tool: 'grok_request', arguments: { prompt: 'hi' }, policy: document };
  for (let i = 0; i < 3; i += 1)
    expect((await callTool(caller, 'policy_test', tried)).decision).toMatchObject({
      decision: 'allow',
      rule: 'tools.grok_request',
      counters: [{ rule: 'tools.grok_request.rate_limit', used: 0, max: 1, amount: 1, unit: 'calls' }],
    });
  expect((await callTool(caller, 'policy_test', { ...tried, tool: 'claude_request' })).decision).toMatchObject({
    decision: 'deny',
    rule: 'default',
  });
  expect((await callTool(caller, 'policy_test', { tool: 'llm_job_cancel', policy: 'careful' })).decision).toMatchObject({
    decision: 'hold',
    rule: 'tools.llm_job_cancel.action',
  });
  expect((await callTool(caller, 'policy_test', { tool: 'x', policy: { version: '1' } })).error?.message).toContain(
    'default is missing',
  );
});

test('a shadow policy refuses nothing and logs what it would decide, with counters of its own', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  await setPolicy(
    caller,
    { version: '1', default: 'deny', tools: { llm_job_list: { rate_limit: { max: 1, window: 86_400 } } } },
    'shadow',
  );
  for (const tool of ['llm_job_list', 'llm_job_list', 'list_models']) expect((await callTool(caller, tool)).ok).toBe(true);
  const rows = await env.ACCOUNTS.getByName(caller.account).audit({ kind: 'call' }, 10);
  expect(rows.map(({ decision, tool, shadow }) => [decision, tool, shadow])).toEqual([
    ['allow', 'list_models', 'deny default'],
    ['allow', 'llm_job_list', 'limit tools.llm_job_list.rate_limit'],
    ['allow', 'llm_job_list', 'allow tools.llm_job_list'],
  ]);
});

test('the gateway token can always change a policy, also one that hides everything, and that is audited', async () => {
  const owner = { ...admin(), grant: OWNER };
  await setPolicy({ ...owner, grant: 'default' }, { version: '1', default: 'deny', hide: ['*'] });
  expect((await callTool(owner, 'llm_job_list')).protocolError).toMatchObject({ code: -32602 });
  expect((await callTool({ ...owner, grant: 'g' }, 'policy_set', { policy: 'open' })).protocolError).toMatchObject({
    code: -32602,
  });
  expect((await callTool(owner, 'policy_set', { policy: 'open' })).ok).toBe(true);
  expect((await callTool(owner, 'llm_job_list')).ok).toBe(true);
  const rows = await env.ACCOUNTS.getByName(owner.account).audit({ tool: 'policy_set', decision: 'allow' }, 5);
  expect(rows).toMatchObject([{ grant: OWNER, rule: 'owner' }]);
});
