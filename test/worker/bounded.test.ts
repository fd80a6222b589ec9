import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { eventFacts } from '../../src/account/audit.ts';
import { AuditLog } from '../../src/account/tables/audit-log.ts';
import type { Caller } from '../../src/caller.ts';
import type { Envelope } from '../../src/mcp/result/envelope.ts';
import { answer, ended, say } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const MAX_CHARS = 60_000;
const BIG = 400_000;

const Content = z.array(z.object({ text: z.string() }));
const textsOf = (content: unknown) => Content.parse(content).map(({ text }) => text);

/** Calls a tool, and checks that neither half of the answer is longer than the bound. */
async function callBounded(caller: Caller, tool: string, args: Record<string, unknown>, max = MAX_CHARS): Promise<Envelope> {
  const { result = {}, isError: _isError, protocolError: _protocolError, ...envelope } = await callTool(caller, tool, args);
  expect(JSON.stringify(result.structuredContent).length).toBeLessThanOrEqual(max);
  expect(textsOf(result.content).join('').length).toBeLessThanOrEqual(max);
  return { ok: true, ...envelope };
}

/** A finished job that said a text in pieces and answered with it. */
async function bigJob(text: string, piece = 60_000) {
  const caller = someone('jobs:read', 'jobs:run');
  const pieces = text.match(new RegExp(`[^]{1,${piece}}`, 'g')) ?? [];
  const prompt = JSON.stringify([...pieces.map((part) => say({ kind: 'text', text: part })), answer(text)]);
  const { job } = await callTool(caller, 'claude_request_async', { prompt });
  const jobId = job?.id ?? '';
  await ended({ account: caller.account, id: jobId });
  return { caller, jobId };
}

/** Follows `next` of an answer until there is none, and returns the text of the answer and the number of calls. */
async function follow(caller: Caller, tool: string, args: Record<string, unknown>) {
  let text = '';
  let calls = 0;
  for (let next: Envelope['next'] = { tool, arguments: args, why: '' }; next; calls += 1) {
    const found = await callBounded(caller, next.tool, next.arguments);
    text += found.answer?.text ?? '';
    next = found.next;
  }
  return { text, calls };
}

const texts: [what: string, text: string, calls: number][] = [
  ['plain text', 'x'.repeat(BIG / 2), 5],
  ['text that JSON escapes', '"\\\n'.repeat(BIG / 20), 4],
  ['pairs of surrogates', '😀'.repeat(BIG / 8), 3],
];

test.each(texts)(
  'a long answer of %s is read whole by following next, each page within the bound',
  async (_what, text, calls) => {
    const { caller, jobId } = await bigJob(text);
    const found = await follow(caller, 'llm_job_watch', { jobId });
    expect(found.text === text).toBe(true);
    expect(found.calls).toBeLessThanOrEqual(calls);
  },
);

test('a caller that requests a larger page receives it', async () => {
  const { caller, jobId } = await bigJob('x'.repeat(150_000));
  const found = await callBounded(caller, 'llm_job_result', { jobId, maxChars: 120_000 }, 128_000);
  expect(found.answer?.text.length).toBe(120_000);
});

test.each([
  ['pieces of a long text', 'x'.repeat(100_000), 2_000],
  ['pieces longer than an event shows', 'x'.repeat(200_000), 60_000],
  ['very many short pieces', 'a "b"\n'.repeat(1_500), 6],
])('%s as events are pages that end with a cursor, and each event is in one page', async (_what, text, piece) => {
  const { caller, jobId } = await bigJob(text, piece);
  const seen: number[] = [];
  let shown = '';
  for (let afterSeq = 0, last = Number.POSITIVE_INFINITY; afterSeq < last; ) {
    const found = await callBounded(caller, 'llm_job_status', { jobId, afterSeq, limit: 1_000 }, 30_000);
    const { events = [], nextAfterSeq = 0, job } = found;
    expect(JSON.stringify(events).length).toBeLessThanOrEqual(22_000);
    expect(nextAfterSeq).toBeGreaterThan(afterSeq);
    seen.push(...events.map(({ seq }) => seq));
    shown += events.map(({ text: said = '' }) => said).join('');
    afterSeq = nextAfterSeq;
    last = job?.lastSeq ?? 0;
    expect(found.next).toMatchObject({ tool: 'llm_job_result', arguments: { jobId } });
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  if (piece <= 2_000) expect(shown).toBe(text);
  else expect(shown).toContain('… [58000 more characters]');
});

test('an event with a very long input is cut with a mark', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const input = 'y'.repeat(60_000);
  const prompt = JSON.stringify([say({ kind: 'tool_start', id: 't', tool: 'Bash', input }), answer('done')]);
  const { job } = await callTool(caller, 'claude_request', { prompt });
  const { events } = await callBounded(caller, 'llm_job_status', { jobId: job?.id, afterSeq: 1 });
  expect(JSON.stringify(events)).toContain('… [56000 more characters]');
});

/** Reads a list to its end and returns its entries. */
async function readList<T>(caller: Caller, tool: string, entriesOf: (found: Envelope) => T[] | undefined): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const limit = tool === 'audit_list' ? 500 : 100;
    const found = await callBounded(caller, tool, { limit, ...(cursor !== undefined && { cursor }) });
    all.push(...(entriesOf(found) ?? []));
    cursor = found.nextCursor;
  } while (cursor !== undefined);
  return all;
}

test('approvals of the largest calls are listed in pages, each approval once, long arguments cut with a mark', async () => {
  const requester = someone('jobs:read', 'jobs:run', 'approvals:write');
  await setPolicy(requester, { version: '1', default: 'allow', tools: { claude_request_async: { action: 'require_approval' } } });
  for (let index = 0; index < 12; index += 1)
    await callTool(requester, 'claude_request_async', { prompt: `${index}${'\u0007"'.repeat(200_000)}` });
  const approvals = await readList(requester, 'approval_list', (found) => found.approvals);
  expect(new Set(approvals.map(({ id }) => id)).size).toBe(12);
  expect(approvals).toHaveLength(12);
  for (const { args } of approvals) expect(JSON.stringify(args)).toContain('more characters]');
});

test('jobs and rows of the audit log with the longest legal fields are listed in pages, each once', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'admin', 'approvals:write');
  const account = env.ACCOUNTS.getByName(caller.account);
  await setPolicy(caller, 'open');
  const long = '"'.repeat(500);
  await runInDurableObject(account, (_account, { storage }) => {
    const log = new AuditLog(storage, caller.account);
    for (let index = 0; index < 500; index += 1)
      log.add(eventFacts('call', caller.grant, 'allow', index, { tool: 'x'.repeat(128), args: long, reason: long }));
  });
  const rows = await readList(caller, 'audit_list', (found) => found.audit?.rows);
  expect(new Set(rows.map(({ seq }) => seq)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThan(500);
  const after: number[] = [];
  for (let afterSeq = 0; afterSeq < 500; ) {
    const { audit, nextAfterSeq = 500 } = await callBounded(caller, 'audit_list', { afterSeq, limit: 500 });
    after.push(...(audit?.rows.map(({ seq }) => seq) ?? []));
    afterSeq = nextAfterSeq;
  }
  expect(after.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
});

test('the largest policy with a long history is shown in part, and whole to a caller that requests it', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'admin');
  const target = 'token_big';
  const named = Array.from({ length: 200 }, (_, index) => [`tool_${index}`, { action: 'deny', reason: 'r'.repeat(500) }]);
  const policy = { version: '1', default: 'allow', tools: Object.fromEntries(named) };
  for (let index = 0; index < 5; index += 1) await callBounded(caller, 'policy_set', { target, policy });
  await callBounded(caller, 'policy_set', { target, policy, shadow: true });
  const cut = (await callBounded(caller, 'policy_get', { target })).policies?.[0];
  expect(cut?.policy).toMatch(/^\{.*… \[\d+ more characters\]$/);
  expect(cut?.changes?.length).toBeGreaterThan(2);
  const whole = await callTool(caller, 'policy_get', { target, maxChars: 262_144 });
  expect(whole.policies?.[0]?.policy).toEqual(policy);
});

test.each([
  ['llm_job_status', { jobId: 'j'.repeat(100_000) }],
  ['llm_job_list', { ['k'.repeat(100_000)]: 1 }],
  ['policy_set', { policy: { version: '1', default: 'x'.repeat(200_000) } }],
  ['audit_list', { cursor: 'c'.repeat(100_000) }],
])('a refusal of %s is short, however long its input is', async (tool, args) => {
  const { error } = await callBounded(someone('jobs:read', 'jobs:run', 'admin'), tool, args, 8_000);
  expect(error?.code).toBeDefined();
});

test('an unknown tool with a long name is a short error of the protocol', async () => {
  const { protocolError } = await callTool(someone('jobs:read'), 't'.repeat(100_000));
  expect(protocolError?.message.length).toBeLessThan(5_000);
});
