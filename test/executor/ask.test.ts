import { beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TEXT_MAX, type Event, type RunLimits } from '../../container/protocol.ts';
import { exitOf, isExit, LIMITS, refusalOf, requestOf, type Step, startExecutor, textOf } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor();
});

const RM = { id: '1', tool: 'Bash', input: '{"command":"rm -rf build"}' };
const line = (asked: object): Step => ({ write: `ask:${JSON.stringify(asked)}\n` });

/** A run that asks, with what it wrote until something was. */
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

describe('a run that asks', () => {
  it('waits for the answer, and goes on with it', async () => {
    const run = await start([{ ask: RM }, { write: 'done\n' }], isAsk);
    expect(run.events.at(-1)).toMatchObject({ ...RM, line: { stream: 'stdout' } });
    expect(await run.answer({ ask: '1', allowed: true })).toEqual({ status: 200, text: '{"allowed":true}' });
    const events = await run.toEnd();
    expect(kinds(events)).toEqual(['start', 'ask', 'answered', 'output', 'output', 'exit']);
    expect(answers(events)).toMatchObject([{ ask: '1', allowed: true }]);
    expect(exitOf(events)).toMatchObject({ cause: 'exit', code: 0 });
  });

  it.for([
    { title: 'its reason', reason: 'Use the trash.', said: 'Use the trash.' },
    { title: 'a reason of ours where none was given', reason: undefined, said: 'This step was not allowed.' },
  ])('is told a no with $title', async ({ reason, said }) => {
    const run = await start([{ ask: RM }], isAsk);
    expect((await run.answer({ ask: '1', allowed: false, reason })).text).toBe('{"allowed":false}');
    const events = await run.toEnd();
    expect(heard(events)).toEqual([told('1', false, said)]);
    expect(answers(events)).toMatchObject([{ allowed: false, ...(reason && { reason }) }]);
  });

  it('is told the first answer alone; who answers again is told which one counted', async () => {
    const run = await start([{ ask: RM }, { write: 'done\n' }, { listen: true }], isAsk);
    const replies = await Promise.all([true, true, false].map((allowed) => run.answer({ ask: '1', allowed, reason: 'r' })));
    expect(replies.map(({ text }) => text)).toEqual(['{"allowed":true}', '{"allowed":true}', '{"allowed":true}']);
    const events = await run.toEnd();
    expect(heard(events)).toEqual([told('1', true, 'r'), 'no more']);
    expect(answers(events)).toHaveLength(1);
  });

  it('may ask twice at once, and is answered in any order', async () => {
    const steps = [line(RM), line({ ...RM, id: 'two' }), { listen: true }, { listen: true }];
    const run = await start(steps, (event) => event.kind === 'ask' && event.id === 'two');
    await run.answer({ ask: 'two', allowed: false, reason: 'r' });
    await run.answer({ ask: '1', allowed: true, reason: 'r' });
    expect(heard(await run.toEnd())).toEqual([told('two', false, 'r'), told('1', true, 'r')]);
  });

  it('may take its question back, which counts as a no', async () => {
    const run = await start(
      [line(RM), { write: 'withdraw:1\nwithdraw:2\n' }, { listen: true }],
      ({ kind }) => kind === 'answered',
    );
    expect(answers(run.events)).toMatchObject([{ ask: '1', allowed: false, reason: 'The CLI withdrew its permission request.' }]);
    expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
    await run.cancel();
    expect(heard(await run.toEnd())).toBe(null);
  });
});

describe('a question', () => {
  const sized = (length: number) => ({ ...RM, input: JSON.stringify('x'.repeat(length - 2)) });

  it('as long as an event takes is asked', async () => {
    const run = await start([{ ask: sized(EVENT_TEXT_MAX) }], isAsk);
    await run.answer({ ask: '1', allowed: true });
    expect(heard(await run.toEnd())).toHaveLength(1);
  });

  it('that cannot be shown whole is refused and asked of nobody', async () => {
    const run = await start([{ ask: sized(EVENT_TEXT_MAX + 1) }], isExit);
    const reason = expect.stringContaining('(65537 characters, limit 65536)');
    expect(run.events.filter(isAsk)).toEqual([]);
    expect(answers(run.events)).toMatchObject([{ ask: '1', allowed: false, reason }]);
    expect(heard(run.events)).toEqual([expect.stringContaining('"allowed":false')]);
    expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
  });

  it('that is open holds the idle timeout, and not the run timeout', async () => {
    const run = await start([{ ask: RM }], isExit, { idleTimeoutMs: 2_000, runTimeoutMs: 5_000 });
    expect(exitOf(run.events)).toMatchObject({ cause: 'run_timeout', limit: 5_000 });
  });

  it('that is answered lets the idle timeout begin anew', async () => {
    const run = await start([{ ask: RM }, { stay: true }], isAsk, { idleTimeoutMs: 2_000 });
    await run.answer({ ask: '1', allowed: true });
    expect(exitOf(await run.toEnd())).toMatchObject({ cause: 'idle_timeout', limit: 2_000 });
  });

  it('that is open ends with a canceled run, and is never answered', async () => {
    const run = await start([{ ask: RM }], isAsk);
    await run.cancel();
    const events = await run.toEnd();
    expect(exitOf(events)).toMatchObject({ cause: 'cancel', signal: 'SIGTERM' });
    expect(answers(events)).toEqual([]);
    expect(refusalOf(await run.answer({ ask: '1', allowed: true })).code).toBe('run_not_found');
  });
});

describe('an answer', () => {
  it('after the end of the run is told what counted', async () => {
    const run = await start([{ ask: RM }], isAsk);
    await run.answer({ ask: '1', allowed: false });
    await run.toEnd();
    expect((await run.answer({ ask: '1', allowed: true })).text).toBe('{"allowed":false}');
    expect(refusalOf(await run.answer({ ask: '2', allowed: true })).code).toBe('run_not_found');
  });

  it('to what was never asked is refused', async () => {
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

  it.for([{}, { ask: '1' }, { ask: '', allowed: true }, { ask: '1', allowed: 'yes' }, { ask: '1', allowed: true, more: 1 }])(
    'of another form is refused: %j',
    async (answer) => {
      expect(refusalOf(await executor.call('POST', '/runs/none/answers', answer)).code).toBe('bad_request');
    },
  );
});
