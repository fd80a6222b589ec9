import { beforeAll, expect, test } from 'vitest';
import { EVENT_TEXT_MAX, type Event, OPEN_ASKS_MAX, type RunLimits } from '../../container/protocol.ts';
import { exitOf, isExit, LIMITS, refusalOf, requestOf, type Step, startExecutorHere, textOf } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutorHere>>;
beforeAll(async () => {
  executor = await startExecutorHere();
});

const RM = { id: '1', tool: 'Bash', input: '{"command":"rm -rf build"}' };
const line = (asked: object): Step => ({ write: `ask:${JSON.stringify(asked)}\n` });

/** Starts a run that may ask for permission, and reads its events until one is as wanted. */
async function start(steps: Step[], isReady: (event: Event) => boolean, limits: Partial<RunLimits> = {}) {
  const options = { permissionMode: 'ask' };
  const { id } = await executor.put(requestOf(steps, { options, limits: { ...LIMITS, ...limits } }));
  const events = await executor.readUntil(id, isReady);
  return {
    id,
    events,
    answer: (answer: object) => executor.call('POST', `/runs/${id}/answers`, answer),
    cancel: () => executor.call('DELETE', `/runs/${id}`),
    toEnd: async () => [...events, ...(await executor.readUntil(id, isExit, events.length))],
  };
}

const isAsk = ({ kind }: Event) => kind === 'ask';
const wrote = (text: string) => (event: Event) => event.line?.text === text;
const kinds = (events: Event[]) => events.map(({ kind }) => kind);
const answers = (events: Event[]) => events.filter(({ kind }) => kind === 'answered');
const heard = (events: Event[]) => textOf(events).match(/(?<=^told ).*/gm);
const told = (ask: string, allowed: boolean, reason: string) => JSON.stringify({ ask, allowed, reason });

test('a run with a permission request waits for the answer, and then continues', async () => {
  const run = await start([{ ask: RM }, { write: 'done\n' }], isAsk);
  expect(run.events.at(-1)).toMatchObject({ ...RM, line: { stream: 'stdout' } });
  expect(await run.answer({ ask: '1', allowed: true })).toEqual({ status: 200, text: '{"allowed":true}' });
  const events = await run.toEnd();
  expect(kinds(events)).toEqual(['start', 'ask', 'answered', 'output', 'output', 'exit']);
  expect(answers(events)).toMatchObject([{ ask: '1', allowed: true }]);
  expect(exitOf(events)).toMatchObject({ cause: 'exit', code: 0 });
});

test.for([
  { title: 'its reason', reason: 'Use the trash.', said: 'Use the trash.' },
  { title: 'a default reason if it has none', reason: undefined, said: 'This step was not allowed.' },
])('a denial reaches the CLI with $title', async ({ reason, said }) => {
  const run = await start([{ ask: RM }], isAsk);
  expect((await run.answer({ ask: '1', allowed: false, reason })).text).toBe('{"allowed":false}');
  const events = await run.toEnd();
  expect(heard(events)).toEqual([told('1', false, said)]);
  expect(answers(events)).toMatchObject([{ allowed: false, ...(reason && { reason }) }]);
});

test('a CLI receives only the first answer, and every caller receives the answer that counts', async () => {
  const run = await start([{ ask: RM }, { write: 'done\n' }, { listen: true }], isAsk);
  const replies = await Promise.all([true, true, false].map((allowed) => run.answer({ ask: '1', allowed, reason: 'r' })));
  expect(replies.map(({ text }) => text)).toEqual(['{"allowed":true}', '{"allowed":true}', '{"allowed":true}']);
  const events = await run.toEnd();
  expect(heard(events)).toEqual([told('1', true, 'r'), 'no more']);
  expect(answers(events)).toHaveLength(1);
});

test('a run may have two open permission requests, answered in any order', async () => {
  const steps = [line(RM), line({ ...RM, id: 'two' }), { listen: true }, { listen: true }];
  const run = await start(steps, (event) => event.kind === 'ask' && event.id === 'two');
  await run.answer({ ask: 'two', allowed: false, reason: 'r' });
  await run.answer({ ask: '1', allowed: true, reason: 'r' });
  expect(heard(await run.toEnd())).toEqual([told('two', false, 'r'), told('1', true, 'r')]);
});

test('a permission request that the CLI withdraws counts as denied', async () => {
  const run = await start([line(RM), { write: 'withdraw:1\nwithdraw:2\n' }, { listen: true }], ({ kind }) => kind === 'answered');
  expect(answers(run.events)).toMatchObject([{ ask: '1', allowed: false, reason: 'The CLI withdrew its permission request.' }]);
  expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
  await run.cancel();
  expect(heard(await run.toEnd())).toBe(null);
});

const sized = (length: number) => ({ ...RM, input: JSON.stringify('x'.repeat(length - 2)) });

test('a permission request of the maximum length is reported', async () => {
  const run = await start([{ ask: sized(EVENT_TEXT_MAX) }], isAsk);
  await run.answer({ ask: '1', allowed: true });
  expect(heard(await run.toEnd())).toHaveLength(1);
});

test('a longer permission request is denied and never reported', async () => {
  const run = await start([{ ask: sized(EVENT_TEXT_MAX + 1) }], isExit);
  const reason = expect.stringContaining('(65537 characters, limit 65536)');
  expect(run.events.filter(isAsk)).toEqual([]);
  expect(answers(run.events)).toMatchObject([{ ask: '1', allowed: false, reason }]);
  expect(heard(run.events)).toEqual([expect.stringContaining('"allowed":false')]);
  expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
});

test('a permission request beyond the largest number of open ones is denied, and one is possible again after an answer', async () => {
  const asked = (id: string) => line({ ...RM, id });
  const ids = Array.from({ length: OPEN_ASKS_MAX }, (_, index) => `${index}`);
  const steps = [...ids.map(asked), asked('over'), { listen: true }, { listen: true }, asked('later')];
  const run = await start(steps, ({ kind }) => kind === 'answered');
  const reason = expect.stringContaining(`${OPEN_ASKS_MAX} permission requests are open`);
  expect(answers(run.events)).toMatchObject([{ ask: 'over', allowed: false, reason }]);
  await run.answer({ ask: '0', allowed: true });
  const events = await run.toEnd();
  expect(heard(events)?.map((answer) => JSON.parse(answer))).toMatchObject([
    { ask: 'over', allowed: false },
    { ask: '0', allowed: true },
  ]);
  expect(events.filter(isAsk).map((event) => event.kind === 'ask' && event.id)).toEqual([...ids, 'later']);
});

test('an open permission request suspends the idle timeout, but not the run timeout', async () => {
  const run = await start([{ ask: RM }], isExit, { idleTimeoutMs: 2_000, runTimeoutMs: 5_000 });
  expect(exitOf(run.events)).toMatchObject({ cause: 'run_timeout', limit: 5_000 });
});

test('an answer restarts the idle timeout', async () => {
  const run = await start([{ ask: RM }, { stay: true }], isAsk, { idleTimeoutMs: 2_000 });
  await run.answer({ ask: '1', allowed: true });
  expect(exitOf(await run.toEnd())).toMatchObject({ cause: 'idle_timeout', limit: 2_000 });
});

test('a cancel ends an open permission request without an answer', async () => {
  const run = await start([{ ask: RM }], isAsk);
  await run.cancel();
  const events = await run.toEnd();
  expect(exitOf(events)).toMatchObject({ cause: 'cancel', signal: 'SIGTERM' });
  expect(answers(events)).toEqual([]);
  expect(refusalOf(await run.answer({ ask: '1', allowed: true })).code).toBe('run_not_found');
});

test('an answer after the end of the run returns the answer that counts', async () => {
  const run = await start([{ ask: RM }], isAsk);
  await run.answer({ ask: '1', allowed: false });
  await run.toEnd();
  expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
  expect(refusalOf(await run.answer({ ask: '2', allowed: true })).code).toBe('run_not_found');
});

test('an answer to an unknown permission request is refused', async () => {
  const run = await start([{ ask: RM }], isAsk);
  expect(refusalOf(await run.answer({ ask: '2', allowed: true }))).toMatchObject({
    code: 'ask_not_found',
    message: 'The run has no permission request "2".',
  });
  await run.cancel();
  const { id } = await executor.put(requestOf([{ write: 'ready\n' }, { stay: true }]));
  await executor.readUntil(id, wrote('ready'));
  const reply = await executor.call('POST', `/runs/${id}/answers`, { ask: '1', allowed: true });
  expect(refusalOf(reply).code).toBe('ask_not_found');
  await executor.call('DELETE', `/runs/${id}`);
  expect(refusalOf(await executor.call('POST', '/runs/none/answers', { ask: '1', allowed: true })).code).toBe('run_not_found');
});

test.for([{}, { ask: '1' }, { ask: '', allowed: true }, { ask: '1', allowed: 'yes' }, { ask: '1', allowed: true, more: 1 }])(
  'an invalid answer is refused: %j',
  async (answer) => {
    expect(refusalOf(await executor.call('POST', '/runs/none/answers', answer)).code).toBe('bad_request');
  },
);
