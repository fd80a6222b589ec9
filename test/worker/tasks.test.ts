import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../src/caller.ts';
import { Envelope } from '../../src/mcp/result/envelope.ts';
import { answer, ended, say } from './helpers/jobs.ts';
import { type Manner, post, postLegacy, someone } from './helpers/post.ts';

const TAKES: Manner = { takesTasks: true, limits: { taskAfterMs: 0 } };
const stays = JSON.stringify([say({ kind: 'text', text: 'so far' }), { stay: true }]);
const answers = (text: string) => JSON.stringify([answer(text)]);
const worker = () => someone('jobs:read', 'jobs:run');

const Called = z.object({ result: z.object({ taskId: z.string().optional(), structuredContent: Envelope.optional() }) });

async function start(caller: Caller, prompt: string) {
  const reply = await post(caller, 'tools/call', { name: 'claude_request', arguments: { prompt } }, TAKES);
  const { taskId = '' } = Called.parse(reply).result;
  return { taskId, reply };
}

test('a request that is not done in time is a task whose id is the id of its job, and its result is what the tool answers', async () => {
  const caller = worker();
  const { taskId, reply } = await start(caller, answers('forty-two'));
  expect(reply.result).toMatchObject({
    resultType: 'task',
    taskId: expect.stringMatching(/^job_/),
    status: 'working',
    statusMessage: expect.stringContaining(taskId),
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    lastUpdatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    ttlMs: 30 * 86_400_000,
    pollIntervalMs: 2_000,
  });
  await ended({ account: caller.account, id: taskId });
  const { result } = await post(caller, 'tasks/get', { taskId }, TAKES);
  expect(result).toMatchObject({ resultType: 'complete', taskId, status: 'completed' });
  const read = await post(caller, 'tools/call', { name: 'llm_job_result', arguments: { jobId: taskId } }, TAKES);
  expect(result?.result).toMatchObject({
    isError: false,
    content: [{ text: 'forty-two' }, {}],
    structuredContent: { answer: Called.parse(read).result.structuredContent?.answer },
  });
});

test('a request that is done in time answers at once, also to a client that takes tasks', async () => {
  const prompt = answers('soon');
  const call = { name: 'grok_request', arguments: { prompt } };
  const { result } = await post(worker(), 'tools/call', call, { takesTasks: true, limits: { taskAfterMs: 20_000 } });
  expect(result).toMatchObject({ resultType: 'complete', structuredContent: { answer: { text: 'soon' } } });
});

test('a job that failed is a completed task with an error for its result', async () => {
  const caller = worker();
  const { taskId } = await start(caller, JSON.stringify([{ exit: 3 }]));
  await ended({ account: caller.account, id: taskId });
  const { result } = await post(caller, 'tasks/get', { taskId }, TAKES);
  expect(result).toMatchObject({
    status: 'completed',
    result: { isError: true, structuredContent: { error: { code: 'no_result' } } },
  });
});

test('a task is cancelled with its job, and cancelling it again is acknowledged as well', async () => {
  const caller = worker();
  const { taskId } = await start(caller, stays);
  expect((await post(caller, 'tasks/get', { taskId }, TAKES)).result).toMatchObject({ status: 'working' });
  const cancel = () => post(caller, 'tasks/cancel', { taskId }, TAKES);
  expect((await cancel()).result).toMatchObject({ resultType: 'complete' });
  expect(await ended({ account: caller.account, id: taskId })).toMatchObject({ state: 'canceled' });
  expect((await cancel()).result).toMatchObject({ resultType: 'complete' });
  const { result } = await post(caller, 'tasks/get', { taskId }, TAKES);
  expect(result).toMatchObject({ status: 'cancelled' });
  expect(result).not.toHaveProperty('result');
});

test('answers that nothing asked for are acknowledged and change nothing', async () => {
  const caller = worker();
  const { taskId } = await start(caller, answers('done'));
  await ended({ account: caller.account, id: taskId });
  const inputResponses = { nobody: { action: 'accept', content: {} } };
  const { result, error } = await post(caller, 'tasks/update', { taskId, inputResponses }, TAKES);
  expect({ result, error }).toMatchObject({ result: { resultType: 'complete' }, error: undefined });
  expect((await post(caller, 'tasks/get', { taskId }, TAKES)).result).toMatchObject({ status: 'completed' });
});

const noTask: [string, (caller: Caller, prompt: string) => ReturnType<typeof post>][] = [
  [
    'a client that did not say that it takes tasks',
    (caller, prompt) =>
      post(caller, 'tools/call', { name: 'claude_request', arguments: { prompt, syncDeadlineMs: 0 } }, { limits: TAKES.limits }),
  ],
  [
    'a client of the older line',
    (caller, prompt) =>
      postLegacy(caller, 'tools/call', { name: 'claude_request', arguments: { prompt, syncDeadlineMs: 0 } }, TAKES),
  ],
  [
    'an asynchronous tool',
    (caller, prompt) => post(caller, 'tools/call', { name: 'grok_request_async', arguments: { prompt } }, TAKES),
  ],
  [
    'a grant that could not read the task',
    ({ account }, prompt) => {
      const caller = { ...someone('jobs:run'), account };
      return post(caller, 'tools/call', { name: 'claude_request', arguments: { prompt, syncDeadlineMs: 0 } }, TAKES);
    },
  ],
];

test.each(noTask)('%s gets the job and no task', async (_who, call) => {
  const caller = worker();
  const { taskId, structuredContent } = Called.parse(await call(caller, stays)).result;
  const id = structuredContent?.job?.id ?? '';
  expect({ taskId, id }).toEqual({ taskId: undefined, id: expect.stringMatching(/^job_/) });
  await post(caller, 'tasks/cancel', { taskId: id }, TAKES);
  await ended({ account: caller.account, id });
});

const METHODS = ['tasks/get', 'tasks/cancel', 'tasks/update'] as const;

test.each(METHODS)('%s answers the same for a foreign task and for one that never was', async (method) => {
  const { taskId } = await start(worker(), answers('mine'));
  const replies = await Promise.all(
    [taskId, `job_${crypto.randomUUID()}`].map(async (id) => {
      const { status, result, error } = await post(worker(), method, { taskId: id, inputResponses: {} }, TAKES);
      return { status, result, code: error?.code, message: error?.message.replace(id, 'ID') };
    }),
  );
  expect(replies[0]).toMatchObject({ result: undefined, code: -32602, message: expect.stringContaining('ID') });
  expect(replies[1]).toEqual(replies[0]);
});

const headers: [string, string][] = [
  ['none', ''],
  ['the name of another task', 'job_0'],
];

test.each(METHODS.flatMap((method) => headers.map(([what, name]) => [method, what, name] as const)))(
  '%s with %s in Mcp-Name is refused',
  async (method, _what, name) => {
    const manner = { ...TAKES, headers: { 'mcp-name': name } };
    expect(await post(worker(), method, { taskId: 'job_1' }, manner)).toMatchObject({ status: 400, error: { code: -32020 } });
  },
);

const withoutCapability: [string, Record<string, unknown>][] = [
  ...METHODS.map((method): [string, Record<string, unknown>] => [method, { taskId: 'job_0' }]),
  ['subscriptions/listen', { notifications: { taskIds: ['job_0'] } }],
];

test.each(withoutCapability)('%s is for clients that take tasks', async (method, params) => {
  expect(await post(worker(), method, params)).toMatchObject({
    status: 400,
    error: { code: -32021, data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } } },
  });
});

test('the older line has no tasks', async () => {
  expect((await postLegacy(worker(), 'tasks/get', { taskId: 'job_0' })).error).toMatchObject({ code: -32601 });
});
