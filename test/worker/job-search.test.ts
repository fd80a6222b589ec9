import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { JobIndex, MAX_REMOVED } from '../../src/account/tables/jobs.ts';
import type { Caller } from '../../src/caller.ts';
import { DAY_MS } from '../../src/config.ts';
import { MAX_EXCERPT_CHARS } from '../../src/job/view/excerpt.ts';
import { answer, ended, entryOf, type Step, say, settled } from './helpers/jobs.ts';
import { callTool, someone } from './helpers/post.ts';
import { passTime } from './helpers/time.ts';

const RESULT = {
  ...{ kind: 'result', index: 0, isError: false, subtype: 'success', errors: [], models: [], denials: [], hasStructured: true },
};
/** An answer whose words are not in the script, and so not in the prompt. */
function unseen(text: string): Step {
  const line = new TextEncoder().encode(String(answer(text).write));
  return { bytes: btoa(Array.from(line, (byte) => String.fromCharCode(byte)).join('')) };
}

const accountOf = ({ account }: Caller) => env.ACCOUNTS.getByName(account);
const reader = () => someone('jobs:read', 'jobs:run');

/** Runs a script to its end and to its settlement; returns the job's id. */
async function run(caller: Caller, steps: object[], args: Record<string, unknown> = {}) {
  const { job, error } = await callTool(caller, 'claude_request_async', { prompt: JSON.stringify(steps), ...args });
  if (!job) throw new Error(error?.message);
  await ended({ account: caller.account, id: job.id });
  await expect.poll(() => accountOf(caller).health()).toMatchObject({ running: 0 });
  return job.id;
}

async function found(caller: Caller, query: string) {
  const { jobs, error } = await callTool(caller, 'llm_job_list', { query });
  if (error) throw new Error(error.message);
  return jobs?.map(({ id }) => id);
}

const Row = z.object({ title: z.string(), prompt: z.string(), answer: z.string() });

/** The texts that are searched, oldest job first. */
const texts = (caller: Caller) =>
  runInDurableObject(accountOf(caller), (_account, { storage: { sql } }) => {
    const rows = sql.exec('SELECT title, prompt, answer FROM job_text ORDER BY rowid').toArray();
    return rows.map((row) => Row.parse(row));
  });

test('a job is found by words of its title, prompt and answer together, and by no other word', async () => {
  const caller = reader();
  const id = await run(caller, [{ complain: 'the prompt says aardvark' }, unseen('The answer is Buffalo.')], {
    title: 'Capybara',
  });
  await run(caller, [answer('nothing')]);
  for (const query of ['aardvark', 'buffalo', 'CAPYBARA', 'capybara aardvark buffalo', ' buffalo\n\taardvark '])
    expect(await found(caller, query), query).toEqual([id]);
  for (const query of ['dingo', 'capybara dingo', 'answer is not here']) expect(await found(caller, query), query).toEqual([]);
});

const finds: [what: string, text: string, query: string][] = [
  ['another case', 'CAFÉ TABLE', 'café table'],
  ['no accents', 'un café à Zürich', 'cafe zurich'],
  ['accents in another form', 'caf\u00e9', 'cafe\u0301'],
  ['a part of a word', 'redeployment', 'deploy'],
  ['a part of a text without spaces', '私は翻訳をします', '翻訳を'],
  ['one character of such a text', '私は翻訳をします', '訳'],
  ['words of one and two letters', 'go is ok', 'go ok'],
  ['short and long words', 'to be or not to be', 'be not'],
  ['an emoji', 'done 👩‍👩‍👧 today', '👩‍👩‍👧'],
  ['full width', 'ＡＢＣ', 'abc'],
  ['a path', 'see src/mcp/tools/job.ts:12', 'src/mcp/tools/job.ts:12'],
  ['a quotation mark', 'say "cheese" now', '"cheese"'],
  ['an open quotation mark', 'size 5" pipe', '5"'],
  ['operators', 'this AND that OR', 'AND OR'],
  ['a column and an operator', 'title:x NEAR(a b) NOT c', 'title:x NEAR(a NOT'],
  ['stars, carets and brackets', 'a* ^b {c} -d +e', '* ^b {c} -d +e'],
  ['an apostrophe and SQL', "it's '); DROP TABLE entry; --", "'); DROP TABLE"],
  ['wildcards of LIKE', '100% of my_file', '100% my_file'],
  ['a backslash', 'C:\\temp\\x', '\\temp\\'],
  ['JSON', '{"a":["b"]}', '{"a":["b"]}'],
];

test.each(finds)('a title is found by %s', async (_what, title, query) => {
  const caller = reader();
  const { job } = await callTool(caller, 'claude_request_async', { prompt: '-', title });
  expect(await found(caller, query)).toEqual([job?.id]);
  expect(await found(caller, `${query} qqq`)).toEqual([]);
  expect(await found(caller, `${query}z`)).toEqual([]);
});

test.each(['NOT', 'job_text', 'rowid', '*', '""', 'title:', 'NEAR', '%', '_'])(
  'the query %s finds nothing in a job without it',
  async (query) => {
    const caller = reader();
    const { job } = await callTool(caller, 'claude_request_async', { promptParts: { task: 'plain words' } });
    expect(job).toBeDefined();
    expect(await found(caller, query)).toEqual([]);
  },
);

test('the start and the end of a long prompt and of a long answer are searched', async () => {
  const caller = reader();
  const gap = (middle: string) => `${'- '.repeat(MAX_EXCERPT_CHARS)}${middle}${' -'.repeat(MAX_EXCERPT_CHARS)}`;
  const text = `giraffe ${gap('hyena')} iguana`;
  const steps = [{ complain: `jaguar ${gap('kangaroo')}` }, unseen(text), { complain: 'lemur' }];
  const id = await run(caller, steps);
  for (const query of ['giraffe', 'iguana', 'jaguar', 'lemur']) expect(await found(caller, query), query).toEqual([id]);
  for (const query of ['hyena', 'kangaroo']) expect(await found(caller, query), query).toEqual([]);
  const [row] = await texts(caller);
  for (const part of ['prompt', 'answer'] as const) expect(row?.[part].length).toBe(2 * MAX_EXCERPT_CHARS + 1);
});

const answers: [what: string, steps: object[]][] = [
  ['structured output', [say({ kind: 'answer', index: 0, part: 'structured', text: '{"word":"mongoose"}' }, RESULT)]],
  ['the text before a failure', [say({ kind: 'text', text: 'mongoose' }), { exit: 3 }]],
];

test.each(answers)('a job is found by %s', async (_what, steps) => {
  const caller = reader();
  // The prompt is the script, so the word is searched in the stored answer.
  await run(caller, steps);
  expect((await texts(caller)).map((row) => row.answer)).toEqual([expect.stringContaining('mongoose')]);
});

test('the text of a deleted job, and of a job past its retention, is removed', async () => {
  const caller = reader();
  const jobId = await run(caller, [unseen('deleted answer')], { title: 'deleted title' });
  const kept = await run(caller, [unseen('kept')]);
  expect((await callTool(caller, 'llm_job_delete', { jobId })).job).toMatchObject({ deleted: true });
  expect(await found(caller, 'deleted')).toEqual([]);
  expect(await texts(caller)).toMatchObject([{ answer: 'kept' }]);
  expect(await found(caller, 'kept')).toEqual([kept]);
  passTime(31 * DAY_MS);
  await runDurableObjectAlarm(accountOf(caller));
  expect(await texts(caller)).toEqual([]);
});

test('more jobs past their retention than one alarm removes are removed by the next ones, oldest first', async () => {
  const caller = reader();
  const account = accountOf(caller);
  await runInDurableObject(account, (_account, { storage }) => {
    const index = new JobIndex(storage);
    for (let at = 0; at <= MAX_REMOVED; at += 1) {
      index.add(entryOf(caller.account, at), 'a prompt');
      index.finish(`job_${at}`, { ...settled, finishedAt: at });
    }
  });
  await runInDurableObject(account, (object) => object.alarm());
  expect(await found(caller, 'prompt')).toEqual([`job_${MAX_REMOVED}`]);
  expect(await runDurableObjectAlarm(account)).toBe(true);
  expect(await texts(caller)).toEqual([]);
  expect(await account.list({ limit: 1 })).toEqual([]);
});

test('an entry whose job was never created is removed with its text', async () => {
  const caller = reader();
  await callTool(caller, 'claude_request', { prompt: JSON.stringify([answer('x')]) });
  await runInDurableObject(accountOf(caller), (_account, { storage }) => {
    storage.sql.exec("UPDATE entry SET id = 'job_never', state = 'running', created_at = 0");
  });
  await runDurableObjectAlarm(accountOf(caller));
  expect(await texts(caller)).toEqual([]);
});

test('the answer and the session of a job that could not report its end are stored by the next comparison', async () => {
  const caller = reader();
  const id = await run(caller, [unseen('platypus')]);
  await runInDurableObject(accountOf(caller), (_account, { storage: { sql } }) => {
    sql.exec("UPDATE entry SET state = 'running', session = NULL, finished_at = NULL");
    sql.exec("UPDATE job_text SET answer = ''");
  });
  await runDurableObjectAlarm(accountOf(caller));
  expect(await texts(caller)).toMatchObject([{ answer: 'platypus' }]);
  expect((await callTool(caller, 'llm_job_list', { query: 'platypus' })).jobs).toMatchObject([
    { id, state: 'completed', sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ]);
});

test('an account of an earlier version keeps its jobs, which are found by the beginning of their prompts and by workspace', async () => {
  const caller = reader();
  const first = await run(caller, [answer('early')], { workspace: 'old' });
  const second = await run(caller, [answer('later')]);
  await runInDurableObject(accountOf(caller), (_account, { storage }) => {
    for (const statement of ['TRIGGER job_text_removed', 'TABLE job_text']) storage.sql.exec(`DROP ${statement}`);
    for (const column of ['title', 'workspace']) storage.sql.exec(`ALTER TABLE entry DROP COLUMN ${column}`);
    // Twice, as an object that is evicted and wakes.
    for (let wake = 0; wake < 2; wake += 1) new JobIndex(storage);
  });
  expect(await found(caller, 'items')).toEqual([second, first]);
  expect((await callTool(caller, 'llm_job_list', { workspace: 'old' })).jobs).toMatchObject([{ id: first, workspace: 'old' }]);
  expect((await callTool(caller, 'llm_job_list')).jobs?.map(({ workspace }) => workspace)).toEqual([undefined, 'old']);
  expect(await texts(caller)).toHaveLength(2);
  await callTool(caller, 'llm_job_delete', { jobId: first });
  expect(await found(caller, 'items')).toEqual([second]);
  const third = await run(caller, [unseen('koala')]);
  expect(await found(caller, 'koala')).toEqual([third]);
});

const words = (count: number) => Array.from({ length: count }, (_, at) => `w${at}`).join(' ');

test.each([
  ['500 characters', 'x'.repeat(500)],
  ['250 words of one letter', Array.from({ length: 250 }, (_, at) => String.fromCharCode(0x4e00 + at)).join(' ')],
  ['125 words of three letters', Array.from({ length: 125 }, (_, at) => `${String.fromCharCode(0x4e00 + at)}ab`).join(' ')],
  ['characters that become eighteen', '\ufdfa'.repeat(500)],
  ['half of a surrogate pair', 'a\ud83d'],
  ['NUL', 'zq\0qz'],
])('a query of %s is searched', async (_what, query) => {
  const caller = reader();
  await callTool(caller, 'claude_request_async', { prompt: JSON.stringify([answer('x')]) });
  expect(await found(caller, query)).toEqual([]);
});

test('a job is found by a query of the most words that it has', async () => {
  const caller = reader();
  const all = Array.from({ length: 240 }, (_, at) => String.fromCharCode(0x4e00 + at)).join(' ');
  const id = await run(caller, [unseen(all)]);
  expect(await found(caller, all)).toEqual([id]);
});

test.each([
  ['1,000 words', words(1_000), /^query: Too big: expected string to have <=500 characters/],
  ['blanks', ' \t\n', /^query: must have a visible character\.$/],
  ['invisible characters', '\u200b\u0301\ufeff', /^query: must have a visible character\.$/],
])('a query of %s is refused', async (_what, query, said) => {
  const { error } = await callTool(reader(), 'llm_job_list', { query });
  expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(said) });
});

test('an answer of the largest and oddest texts is stored, and the job settled', async () => {
  const caller = reader();
  await callTool(caller, 'claude_request', { prompt: JSON.stringify([answer('x')]) });
  const odd = '\ufdfa'.repeat(1_000) + '\0\ud800'.repeat(1_000) + '😀'.repeat(1_000);
  await runInDurableObject(accountOf(caller), (_account, { storage }) => {
    const [entry] = new JobIndex(storage).list({ limit: 1 });
    storage.sql.exec("UPDATE entry SET state = 'running'");
    expect(new JobIndex(storage).finish(entry?.id ?? '', { ...settled, answer: odd })).toBe(true);
  });
  expect(await found(caller, '😀😀😀😀')).toHaveLength(1);
});
