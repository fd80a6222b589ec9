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

const JUDGED = {
  version: '1',
  default: 'allow',
  tools: {
    claude_request: {
      deny_if: [
        { path: 'args.maxTurns', op: 'gt', value: 4 },
        { path: 'args.workspace', op: 'eq', value: 'secret' },
      ],
    },
  },
};

const trials: [what: string, args: Record<string, unknown>, decision: string][] = [
  ['a number as a text', { prompt: 'hi', maxTurns: '5' }, 'deny'],
  ['a smaller number as a text', { prompt: 'hi', maxTurns: '4' }, 'allow'],
  ['null and "" for optional parameters', { prompt: 'hi', maxTurns: null, workspace: '' }, 'allow'],
];

test.each(trials)('policy_test judges %s as a real call would be judged', async (_what, args, decision) => {
  const caller = admin();
  const tried = await callTool(caller, 'policy_test', { tool: 'claude_request', arguments: args, policy: JUDGED });
  expect(tried.decision).toMatchObject({ decision });
  expect(tried.decision?.refusal).toBeUndefined();
});

const refused: [what: string, args: Record<string, unknown>, refusal: RegExp][] = [
  ['a parameter of the wrong name', { prompt: 'hi', cwd: 'x' }, /cwd/],
  ['a value of the wrong type', { prompt: 'hi', maxTurns: 'many' }, /maxTurns/],
  ['a request without a prompt', {}, /prompt/],
];

test.each(refused)('policy_test tells that %s would be refused', async (_what, args, refusal) => {
  const { decision, result } = await callTool(admin(), 'policy_test', { tool: 'claude_request', arguments: args });
  expect(decision?.refusal).toMatch(refusal);
  expect(JSON.stringify(result?.content)).toMatch(/would be refused/);
});

test('policy_test judges a call in the workspace of the session that it continues', async () => {
  const caller = admin();
  const { job } = await callTool(caller, 'claude_request_async', { prompt: '[]', workspace: 'secret' });
  const args = { prompt: 'hi', sessionId: job?.sessionId };
  const tried = await callTool(caller, 'policy_test', { tool: 'claude_request', arguments: args, policy: JUDGED });
  expect(tried.decision).toMatchObject({ decision: 'deny', rule: 'tools.claude_request.deny_if[1]' });
});
