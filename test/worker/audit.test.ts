import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { eventFacts } from '../../src/account/audit.ts';
import { AuditLog } from '../../src/account/tables/audit-log.ts';
import type { AuditFacts } from '../../src/account/tables/audit-row.ts';
import { answer, ended } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const prompt = (text = crypto.randomUUID()) => JSON.stringify([answer(text)]);
const all = () => someone('jobs:read', 'jobs:run', 'approvals:write', 'admin');

test('every decision, every start and end of a job, every approval and policy is a row that states who, what, why and how much', async () => {
  const caller = all();
  const account = env.ACCOUNTS.getByName(caller.account);
  await setPolicy(caller, {
    version: '1',
    default: 'allow',
    tools: { claude_request: { action: 'require_approval' }, list_models: { action: 'deny' } },
  });
  await callTool(caller, 'list_models');
  const { job } = await callTool(caller, 'claude_request', { prompt: prompt(), idempotencyKey: 'k' });
  await callTool({ ...caller, grant: 'approver' }, 'approval_decide', { approvalId: job?.hold?.approvalId, approve: true });
  await ended({ account: caller.account, id: job?.id ?? '' });
  await expect.poll(async () => (await account.audit({ kind: 'end' }, 1)).length).toBe(1);
  const { audit } = await callTool(caller, 'audit_list', { afterSeq: 0 });
  const rows = audit?.rows ?? [];
  expect(rows.map(({ kind, grant, tool, decision, rule }) => [kind, grant, tool, decision, rule])).toEqual([
    ['policy', 'a test', null, 'enforce', caller.grant],
    ['call', caller.grant, 'list_models', 'deny', 'tools.list_models.action'],
    ['call', caller.grant, 'claude_request', 'hold', 'tools.claude_request.action'],
    ['call', 'approver', 'approval_decide', 'allow', 'default'],
    ['approval', 'approver', 'claude_request', 'approve', 'tools.claude_request.action'],
    ['start', caller.grant, 'claude_request', 'run', null],
    ['end', caller.grant, 'claude_request', 'completed', null],
    ['call', caller.grant, 'audit_list', 'allow', 'default'],
  ]);
  expect(rows[2]).toMatchObject({ client: 'test 1', job: job?.id, argsHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(rows[4]?.argsHash).toBe(rows[2]?.argsHash);
  expect(rows[6]).toMatchObject({ job: job?.id, costUsd: 0, reason: 'answered' });
  expect(await account.verifyAudit()).not.toHaveProperty('brokenAt');
});

test('the view of arguments is short and holds no secret', async () => {
  const caller = all();
  await callTool(caller, 'claude_request', {
    prompt: `use sk-ant-api03-abcdefgh and lcg_owner_xyz ${'long '.repeat(100)}`,
    mcpServers: { a: { command: 'x', env: { API_KEY: 'hunter2', PLAIN: 'Bearer abc.def' } } },
  });
  const [row] = await env.ACCOUNTS.getByName(caller.account).audit({ kind: 'call', tool: 'claude_request' }, 1);
  expect(row?.args).toContain('long');
  expect(row?.args?.length).toBeLessThan(520);
  expect(row?.args).not.toMatch(/sk-ant|lcg_owner|hunter2|abc\.def/);
});

test('audit_list filters, pages and is for admins of the account only', async () => {
  const caller = all();
  for (let i = 0; i < 3; i += 1) await callTool(caller, 'list_models');
  await callTool(caller, 'llm_job_list');
  const first = await callTool(caller, 'audit_list', { tool: 'list_models', limit: 2 });
  expect(first.audit?.rows.map(({ seq }) => seq)).toEqual([3, 2]);
  const second = await callTool(caller, 'audit_list', { tool: 'list_models', limit: 2, cursor: first.nextCursor });
  expect(second.audit?.rows.map(({ seq }) => seq)).toEqual([1]);
  expect((await callTool({ ...caller, scopes: ['jobs:read'] }, 'audit_list')).error?.code).toBe('scope_missing');
  expect((await callTool(all(), 'audit_list', { tool: 'list_models' })).audit?.rows).toEqual([]);
});

const facts = (at: number): AuditFacts => eventFacts('policy', 'g', 'enforce', at, { rule: String(at) });
const withLog = (work: (log: AuditLog, sql: SqlStorage) => void) =>
  runInDurableObject(env.ACCOUNTS.getByName(crypto.randomUUID()), (_object, state) => {
    const log = new AuditLog(state.storage, 'a');
    for (let at = 1; at <= 5; at += 1) log.add(facts(at));
    work(log, state.storage.sql);
  });

test.each([
  ['changed', `UPDATE audit SET facts = json_set(facts, '$.decision', 'allow') WHERE seq = 3`, 3],
  ['changed with its hash', `UPDATE audit SET facts = json_set(facts, '$.grant', 'h'), hash = 'x' WHERE seq = 3`, 3],
  ['given to another account', `UPDATE audit SET facts = json_set(facts, '$.account', 'b') WHERE seq = 3`, 3],
  ['removed', 'DELETE FROM audit WHERE seq = 3', 3],
  ['put into another place', 'UPDATE audit SET seq = 30 WHERE seq = 3', 3],
  ['removed at the beginning', 'DELETE FROM audit WHERE seq = 1', 1],
])('a row that was %s shows', async (_what, tamper, at) => {
  await withLog((log, sql) => {
    expect(log.verify()).not.toHaveProperty('brokenAt');
    sql.exec(tamper);
    expect(log.verify()).toMatchObject({ brokenAt: at });
  });
});

test('rows that are removed by age leave a chain that holds, and rows that are cut off at the end change its head', async () => {
  await withLog((log, sql) => {
    const { head } = log.ends();
    log.removeBefore(3);
    expect(log.ends()).toMatchObject({ base: { seq: 2 }, head });
    expect(log.after(0, 10).map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(log.verify()).not.toHaveProperty('brokenAt');
    sql.exec('DELETE FROM audit WHERE seq = 5');
    expect(log.verify().head.hash).not.toBe(head.hash);
    log.removeBefore(100);
    log.add(facts(200));
    expect(log.ends().head.seq).toBe(5);
  });
});
