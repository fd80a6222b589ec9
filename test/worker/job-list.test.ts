import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { JobIndex } from '../../src/account/tables/jobs.ts';
import type { Caller } from '../../src/caller.ts';
import { MAX_TITLE_CHARS } from '../../src/mcp/tools/request-input.ts';
import { connect } from '../helpers/mcp-client.ts';
import { fetchWorker } from './helpers/gateway.ts';
import { answer, ended, entryOf, jobOf, settled } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const TOKEN = 'test-gateway-token';
const script = (text: string) => JSON.stringify([answer(text)]);
/** Longest wait for the end of a job to reach its account, in ms. */
const PATIENCE_MS = 10_000;
const SESSION = '5b1f0a52-6f4e-4d6e-9a40-3f8a3b1c2d3e';

/** Runs a request to its end and to its settlement. */
async function finished(caller: Caller, tool: string, args: Record<string, unknown>) {
  const { job, error } = await callTool(caller, tool, args);
  if (!job) throw new Error(error?.message);
  await ended({ account: caller.account, id: job.id });
  const account = env.ACCOUNTS.getByName(caller.account);
  await vi.waitFor(async () => expect(await account.health()).toMatchObject({ running: 0 }), PATIENCE_MS);
  return job;
}

const caller = someone('jobs:read', 'jobs:run', 'admin', 'approvals:write');
const names = new Map<string, string>();
const created = new Map<string, number>();
const timeOf = (name: string) => created.get(name) ?? expect.fail(`${name} is missing`);

async function addJob(name: string, tool: string, args: Record<string, unknown>) {
  const job = await finished(caller, tool, args);
  names.set(job.id, name);
  created.set(name, job.createdAt);
}

beforeAll(async () => {
  await addJob('notes', 'claude_request', {
    ...{ prompt: script('the quick fox'), title: 'Release notes', workspace: 'docs', correlationId: 'c-1' },
    ...{ sessionId: SESSION, createNewSession: true },
  });
  await addJob('zebra', 'grok_request', { prompt: script('a zebra crossing'), title: 'Release plan', workspace: 'plans' });
  await addJob('again', 'claude_request', { prompt: script('the slow fox'), sessionId: SESSION, correlationId: 'c-2' });
  await addJob('broken', 'claude_request', { prompt: JSON.stringify([{ exit: 3 }]) });
});

/** The names of the jobs that a list has, newest first. */
async function listed(args: Record<string, unknown>) {
  const { jobs = [], error } = await callTool(caller, 'llm_job_list', args);
  if (error) throw new Error(error.message);
  return jobs.map(({ id }) => names.get(id));
}

type Args = Record<string, unknown>;
const filters: [what: string, args: () => Args, found: string[]][] = [
  ['nothing', () => ({}), ['broken', 'again', 'zebra', 'notes']],
  ['a workspace', () => ({ workspace: 'plans' }), ['zebra']],
  ['the workspace of a continued session', () => ({ workspace: 'docs' }), ['again', 'notes']],
  ['an unknown workspace', () => ({ workspace: 'doc' }), []],
  ['a session', () => ({ sessionId: SESSION }), ['again', 'notes']],
  ['an unknown session', () => ({ sessionId: crypto.randomUUID() }), []],
  ['a correlationId', () => ({ correlationId: 'c-2' }), ['again']],
  ['since in ms', () => ({ since: timeOf('again') }), ['broken', 'again']],
  ['until in ms', () => ({ until: timeOf('again') }), ['zebra', 'notes']],
  ['since as an ISO time', () => ({ since: new Date(timeOf('again')).toISOString() }), ['broken', 'again']],
  ['until as the ISO time of a list', () => ({ until: new Date(timeOf('zebra')).toISOString() }), ['notes']],
  ['a day', () => ({ since: '2020-02-29' }), ['broken', 'again', 'zebra', 'notes']],
  ['a time without a zone, which is UTC', () => ({ until: '2020-02-29T10:00' }), []],
  ['a time with an offset', () => ({ since: '2020-02-29T10:00:00+02:00', until: '2020-02-29T08:00:01Z' }), []],
  ['a period', () => ({ since: timeOf('zebra'), until: timeOf('broken') }), ['again', 'zebra']],
  ['the beginning of time', () => ({ since: 0 }), ['broken', 'again', 'zebra', 'notes']],
  ['a query', () => ({ query: 'release' }), ['zebra', 'notes']],
  ['a query and a provider', () => ({ query: 'release', provider: 'grok' }), ['zebra']],
  ['a query and a session', () => ({ query: 'fox', sessionId: SESSION }), ['again', 'notes']],
  ['a query, a session and a correlationId', () => ({ query: 'fox', sessionId: SESSION, correlationId: 'c-1' }), ['notes']],
  ['a query, a workspace and a time', () => ({ query: 'fox', workspace: 'docs', since: timeOf('zebra') }), ['again']],
  ['a state and a time', () => ({ state: 'failed', since: timeOf('notes') }), ['broken']],
  ['filters that exclude each other', () => ({ state: 'failed', query: 'release' }), []],
];

test.each(filters)('a list by %s has the jobs that match, newest first', async (_what, args, found) => {
  expect(await listed(args())).toEqual(found);
});

test('the jobs of another account are found by no filter', async () => {
  for (const args of [{}, { query: 'release' }, { sessionId: SESSION }, { workspace: 'docs' }, { correlationId: 'c-1' }])
    expect((await callTool(someone('jobs:read'), 'llm_job_list', args)).jobs).toEqual([]);
});

const wrong: [args: Args, said: RegExp][] = [
  [{ since: 'yesterday' }, /^since: must be a time in ISO 8601, such as .*, or in ms since 1970\.$/],
  [{ since: '2026-02-30' }, /^since: must be a time/],
  [{ until: '2026-07-01T25:00:00Z' }, /^until: must be a time/],
  [{ since: 1_780_000_000 }, /^since: must be a time/],
  [{ since: -1 }, /^since: must be a time/],
  [{ until: '9'.repeat(100) }, /^until: must be a time/],
  [{ since: '2026-07-02', until: '2026-07-01' }, /^since must be before until\.$/],
  [{ since: '2026-07-01', until: '2026-07-01' }, /^since must be before until\.$/],
  [{ workspace: '../docs' }, /^workspace: must be 1 to 64/],
  [{ sessionId: 's'.repeat(201) }, /^sessionId: /],
  [{ correlationId: 'c'.repeat(201) }, /^correlationId: /],
];

test.each(wrong)('a list by %j is refused with what is wrong', async (args, said) => {
  const { error } = await callTool(caller, 'llm_job_list', args);
  expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(said) });
});

test('a filtered list is read page by page with its cursor, each job once', async () => {
  const args = { query: 'fox', sessionId: SESSION, limit: 1 };
  const first = await callTool(caller, 'llm_job_list', args);
  const second = await callTool(caller, 'llm_job_list', { ...args, cursor: first.nextCursor });
  const third = await callTool(caller, 'llm_job_list', { ...args, cursor: second.nextCursor });
  expect([first, second].map(({ jobs }) => names.get(jobs?.[0]?.id ?? ''))).toEqual(['again', 'notes']);
  expect(third).toMatchObject({ jobs: [] });
  expect(third.nextCursor).toBeUndefined();
});

const lists: [tool: string, filter: Args, others: Args[]][] = [
  ['llm_job_list', { query: 'fox' }, [{}, { query: 'release' }, { query: 'fox', provider: 'claude' }]],
  ['llm_job_list', {}, [{ query: 'fox' }, { since: 0 }, { workspace: 'docs' }]],
  ['audit_list', { kind: 'end' }, [{}, { kind: 'start' }]],
  ['audit_list', {}, [{ kind: 'end' }]],
];

test.each(lists)('a cursor of %s with %j continues that list and no other', async (tool, filter, others) => {
  const { nextCursor: cursor } = await callTool(caller, tool, { ...filter, limit: 1 });
  expect(cursor).toBeDefined();
  expect((await callTool(caller, tool, { ...filter, limit: 1, cursor })).ok).toBe(true);
  for (const other of others)
    expect((await callTool(caller, tool, { ...other, cursor })).error).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^cursor: belongs to a list with other filters\. Repeat those filters/),
    });
});

test('a cursor of approval_list continues the list of its state and no other', async () => {
  const requester = someone('jobs:read', 'jobs:run');
  await setPolicy(requester, { version: '1', default: 'allow', tools: { claude_request_async: { action: 'require_approval' } } });
  for (const text of ['a', 'b']) await callTool(requester, 'claude_request_async', { prompt: script(text) });
  const { nextCursor: cursor } = await callTool(requester, 'approval_list', { state: 'pending', limit: 1 });
  expect((await callTool(requester, 'approval_list', { state: 'pending', cursor })).approvals).toHaveLength(1);
  expect((await callTool(requester, 'approval_list', { cursor })).error?.message).toMatch(/other filters/);
});

test.each(['auto', 'legacy'] as const)(
  'a client of the %s line reads title, session, workspace, cost and ISO times of a job in the text and in the structure',
  async (mode) => {
    const { client, call, close } = await connect('http://127.0.0.1/mcp', TOKEN, { mode, fetch: fetchWorker });
    onTestFinished(close);
    const title = `Tidy "up" ${mode}`;
    const workspace = `shown-${mode}`;
    const { job } = await call('claude_request', { prompt: script(mode), title, workspace });
    const result = await client.callTool({ name: 'llm_job_list', arguments: { workspace } });
    const iso = new Date(job?.createdAt ?? 0).toISOString();
    expect(result.structuredContent).toMatchObject({
      jobs: [
        {
          ...{ id: job?.id, title, workspace, sessionId: job?.sessionId, costUsd: 0, label: script(mode).slice(0, 80) },
          ...{ createdAt: job?.createdAt, created: iso },
        },
      ],
    });
    const [{ text }] = z.tuple([z.object({ text: z.string() })]).parse(result.content);
    for (const fact of [job?.id, JSON.stringify(title), workspace, job?.sessionId, '$0.0000', `created ${iso}`])
      expect(text).toContain(fact);
    expect(await client.listResources()).toMatchObject({
      resources: expect.arrayContaining([expect.objectContaining({ title: `claude: ${title}` })]),
    });
    const status = await call('llm_job_status', { jobId: job?.id ?? '' });
    expect(status.job).toMatchObject({ title });
    expect(JSON.stringify(status.content)).toMatch(/created \d{4}-.*started \d{4}-.*finished \d{4}-/);
  },
);

test('the list shows the session that a run continued as the latest of its workspace', async () => {
  const own = someone('jobs:read', 'jobs:run');
  const first = await finished(own, 'claude_request', { prompt: script('x'), workspace: 'w' });
  const { id } = await finished(own, 'claude_request', { prompt: script('y'), workspace: 'w', continueSession: true });
  const status = await jobOf({ account: own.account, id }).status(0, 0);
  const sessionId = status?.ok ? status.value.job.sessionId : undefined;
  expect(sessionId).toBe(first.sessionId);
  expect((await callTool(own, 'llm_job_list', { sessionId })).jobs?.map((job) => job.id)).toEqual([id, first.id]);
});

test('requests that differ in their titles only are one job, which keeps the first title', async () => {
  const own = someone('jobs:read', 'jobs:run');
  const request = { prompt: JSON.stringify([{ write: 'up\n' }, { stay: true }]) };
  const { job } = await callTool(own, 'claude_request_async', { ...request, title: 'first' });
  const again = await callTool(own, 'claude_request_async', { ...request, title: 'second' });
  expect(again.job).toMatchObject({ id: job?.id, deduplicated: true, title: 'first' });
  await callTool(own, 'llm_job_cancel', { jobId: job?.id });
  const keyed = { prompt: script('k'), idempotencyKey: 'key' };
  const one = await callTool(own, 'claude_request', { ...keyed, title: 'first' });
  expect((await callTool(own, 'claude_request', keyed)).job).toMatchObject({ id: one.job?.id, title: 'first' });
});

const titles: [what: string, title: unknown, stored: string | undefined][] = [
  ['null', null, undefined],
  ['""', '', undefined],
  ['a number', 7, '7'],
  ['blanks at its ends', '  My job\n', 'My job'],
  ['the longest one', 'x'.repeat(MAX_TITLE_CHARS), 'x'.repeat(MAX_TITLE_CHARS)],
  ['emoji', '👩‍👩‍👧 café', '👩‍👩‍👧 café'],
];

test.each(titles)('a title that is %s is stored as it is meant', async (_what, title, stored) => {
  const { job } = await callTool(someone('jobs:run'), 'claude_request_async', { prompt: script('x'), title });
  expect(job).toBeDefined();
  expect(job?.title).toBe(stored);
});

test.each([
  ['too long', 'x'.repeat(MAX_TITLE_CHARS + 1), /^title: .*<=200/],
  ['blank', ' \n', /^title: /],
  ['with NUL', 'a\0b', /^title holds a NUL character/],
  ['with half a character', 'a\ud83d', /^title holds half of a surrogate pair/],
  ['of another type', { a: 1 }, /^title: /],
])('a title %s is refused', async (_what, title, said) => {
  const { error } = await callTool(someone('jobs:run'), 'claude_request_async', { prompt: script('x'), title });
  expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(said) });
});

const long = (length: number) => '"'.repeat(length);
const LONGEST = {
  ...{ title: long(MAX_TITLE_CHARS), label: long(80), correlation_id: long(200), session: SESSION, workspace: 'w'.repeat(64) },
};

// A page of the shorter ones would exceed the bound by its times in ISO 8601.
test.each([
  ['the longest texts', LONGEST],
  ['texts that fill a page', { ...LONGEST, title: 'x'.repeat(140), correlation_id: null }],
])('jobs with %s are listed in pages within the bound, each once', async (_what, texts) => {
  const own = someone('jobs:read');
  await runInDurableObject(env.ACCOUNTS.getByName(own.account), (_account, { storage }) => {
    const index = new JobIndex(storage);
    for (let at = 0; at < 150; at += 1) {
      index.add({ ...entryOf(own.account, at), ...texts }, 'a prompt');
      index.finish(`job_${at}`, settled);
    }
  });
  const seen: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { jobs = [], nextCursor, result } = await callTool(own, 'llm_job_list', { limit: 100, query: 'prompt', cursor });
    expect(JSON.stringify(result?.structuredContent).length).toBeLessThanOrEqual(60_000);
    expect(JSON.stringify(result?.structuredContent)).toContain('"created":"1970-01-01T00:00:00');
    expect(new Set(jobs.map((job) => job.title))).toEqual(new Set([texts.title]));
    seen.push(...jobs.map(({ id }) => id));
    cursor = nextCursor;
  }
  expect(seen).toEqual(Array.from({ length: 150 }, (_, at) => `job_${149 - at}`));
});
