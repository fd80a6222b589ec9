import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { ok } from '../../../src/errors.ts';
import type { Envelope } from '../../../src/mcp/result/envelope.ts';
import { envelopeOf, listingOf, toolResult } from '../../../src/mcp/tool.ts';
import { toolsFor } from '../../../src/mcp/tools/index.ts';
import { timesIn } from '../../helpers/times.ts';

const { limits } = readConfig({});
const tools = [...toolsFor(limits).values()];

const job: NonNullable<Envelope['job']> = {
  ...{ id: 'job_7', provider: 'claude', state: 'running', createdAt: 0, elapsedMs: 1, lastSeq: 3 },
  hold: { approvalId: 'apr_held', rule: 'tools.a', reason: 'why', expiresAt: 1, url: 'https://gateway.test/approvals' },
  asks: [{ approvalId: 'job_7:q1', tool: 'Bash', input: 'ls', askedAt: 1 }],
};
const approval: NonNullable<Envelope['approval']> = {
  ...{ id: 'apr_7', kind: 'call', state: 'pending', tool: 'claude_request', args: { prompt: 'the prompt' }, argsHash: 'f00' },
  ...{ grant: 'token_7', client: 'a client', rule: 'tools.b', reason: 'look first', createdAt: 0, expiresAt: 1 },
};
const head = { seq: 7, hash: 'a-hash' };
const row: NonNullable<Envelope['audit']>['rows'][number] = {
  ...{ at: 0, kind: 'call', grant: 'token_8', client: null, tool: 'list_models', argsHash: null, args: null, decision: 'deny' },
  ...{ rule: 'tools.c', reason: null, shadow: null, job: null, costUsd: null, account: 'a', ...head },
};

/** A value for each part, and words that its text must have. */
const PARTS: { [P in Exclude<keyof Envelope, 'ok'>]-?: [value: NonNullable<Envelope[P]>, words: string[]] } = {
  job: [job, ['job_7', 'apr_held', 'job_7:q1', 'running']],
  answer: [
    { text: 'the answer', offset: 0, nextOffset: null, total: 10, source: 'answer', structured: { only: 'here' } },
    ['the answer', '{"only":"here"}'],
  ],
  events: [[{ seq: 9, at: 0, kind: 'text', text: 'some words' }], ['9 text', 'some words']],
  nextAfterSeq: [0, ['afterSeq 0']],
  jobs: [
    [
      {
        ...{ id: 'job_8', provider: 'grok', state: 'failed', createdAt: 0, finishedAt: 1, costUsd: 0.0123, label: 'a label' },
        ...{ title: 'a "title"', sessionId: 'session_8', workspace: 'space_8', correlationId: 'own_8' },
      },
    ],
    ['job_8', 'a label', '"a \\"title\\""', 'session_8', 'space_8', 'own_8', '$0.0123'],
  ],
  nextCursor: ['18', ['cursor "18"']],
  models: [[{ provider: 'claude', default: 'opus', models: ['opus'], aliases: {} }], ['opus']],
  health: [{ version: '1', executor: { reachable: true }, running: 1, queued: 2, held: 3, limits: { a: 4 } }, ['"held":3']],
  approvals: [[approval], ['apr_7', 'pending', 'claude_request', 'the prompt', 'tools.b']],
  approval: [{ ...approval, decidedAt: 1, decidedBy: 'ann' }, ['apr_7', 'ann']],
  policies: [
    [{ target: 'default', policy: 'careful', from: 'gateway', changes: [{ at: 5, by: 'ann', mode: 'enforce', policy: null }] }],
    ['careful', 'gateway', 'ann'],
  ],
  decision: [{ decision: 'deny', rule: 'tools.d', reason: 'never' }, ['deny', 'tools.d', 'never']],
  audit: [{ rows: [row], base: head, head }, ['token_8', 'tools.c', 'a-hash']],
  error: [
    { code: 'approval_required', message: 'It waits.', retryable: true, rule: 'tools.e', approvalId: 'apr_9' },
    ['approval_required', 'It waits.', 'tools.e', 'apr_9'],
  ],
  next: [
    { tool: 'llm_job_result', arguments: { jobId: 'job_9' }, why: 'It is over.' },
    ['llm_job_result', 'job_9', 'It is over.'],
  ],
};

const partNamed = (name: string) =>
  Object.entries(PARTS).find(([part]) => part === name)?.[1] ?? expect.fail(`${name} has no value here`);
const textOf = (envelope: Envelope) => toolResult(envelope, limits).content.map(({ text }) => text);

const parts = tools.flatMap(({ name, parts: own }) => [...own, 'error'].map((part) => [name, part] as const));

test.each(parts)('the text of %s has its %s', (_tool, part) => {
  const [value, words] = partNamed(part);
  const text = textOf({ ok: part !== 'error', [part]: value }).join('\n');
  for (const word of words) expect(text).toContain(word);
});

test.each(tools)(
  'each time in an answer of $name has the same time in ISO 8601 beside it, and the text has it',
  ({ parts: own }) => {
    const answer = Object.fromEntries(own.map((part) => [part, partNamed(part)[0]]));
    const envelope = envelopeOf(ok(answer));
    const { alone, isoTimes } = timesIn(envelope);
    expect(alone).toEqual([]);
    const text = textOf(envelope).join('\n');
    for (const time of isoTimes) expect(text).toContain(time);
  },
);

test.each(tools.map((tool) => [tool.name, tool] as const))('%s has text even if its lists are empty', (_name, { parts: own }) => {
  const values = own.map((part) => [part, partNamed(part)[0]] as const);
  const emptied = values.map(([part, value]) => [part, Array.isArray(value) ? [] : value]);
  expect(textOf({ ok: true, ...Object.fromEntries(emptied) }).join('').length).toBeGreaterThan(0);
});

/** The value with every text made long, and every list of a hundred entries. */
function grown(value: unknown): unknown {
  if (typeof value === 'string') return `"\n${value}`.repeat(1_000);
  if (Array.isArray(value)) return value.flatMap((entry) => Array.from({ length: 100 }, () => grown(entry)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, grown(part)]));
}

/** Their tools keep them within the bound. */
const PAGED = ['answer', 'policies', 'nextCursor'];

const bounded = Object.keys(PARTS).filter((part) => !PAGED.includes(part));

test.each(bounded)('%s of any size leaves an answer within 60,000 characters, as text and as structured content', (part) => {
  const whole = { ok: true, [part]: grown(partNamed(part)[0]) };
  const { content, structuredContent } = toolResult(whole, limits);
  expect(JSON.stringify(structuredContent).length).toBeLessThanOrEqual(60_000);
  expect(content.map(({ text }) => text).join('').length).toBeLessThanOrEqual(60_000);
});

test('a tool with long answers announces their length under the settings in force', () => {
  const announced = (changed: object) =>
    Object.fromEntries(
      [...toolsFor({ ...limits, ...changed }).values()].map((tool) => [
        tool.name,
        listingOf(tool)._meta?.['anthropic/maxResultSizeChars'],
      ]),
    );
  expect(announced({})).toMatchObject({
    ...{ claude_request: 64_000, grok_request: 64_000, llm_job_status: 64_000, llm_job_watch: 64_000, llm_job_list: 64_000 },
    ...{ llm_job_result: 132_000, approval_list: 64_000, audit_list: 64_000, policy_get: 500_000, list_models: undefined },
  });
  const changed = announced({ resultPageChars: 90_000, resultPageMaxChars: 200_000 });
  expect(changed).toMatchObject({ claude_request: 94_000, llm_job_result: 212_000 });
});
