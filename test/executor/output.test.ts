import { beforeAll, expect, test } from 'vitest';
import { EVENT_TEXT_MAX, type Event } from '../../container/protocol.ts';
import { LIMITS, requestOf, startExecutorHere, textOf } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutorHere>>;
beforeAll(async () => {
  executor = await startExecutorHere();
});

const outline = ({ kind, line }: Event) => [kind, line && [line.stream, line.text, line.end]];
const items = (...list: unknown[]) => `items:${JSON.stringify(list)}`;

test('the first event of a line carries the line, and no other one does', async () => {
  const spoken = items({ kind: 'text', text: 'a' }, { kind: 'thinking', text: 'b' });
  const events = await executor.play(requestOf([{ write: `${spoken}\nplain\nthrow\n${items()}\nhalf` }]));
  expect(events.map(outline)).toEqual([
    ['start', undefined],
    ['text', ['stdout', spoken, true]],
    ['thinking', undefined],
    ['output', ['stdout', 'plain', true]],
    ['output', ['stdout', 'throw', true]],
    ['output', ['stdout', items(), true]],
    ['output', ['stdout', 'half', false]],
    ['exit', undefined],
  ]);
});

test('the last line of stdout is parsed also without its line feed', async () => {
  const events = await executor.play(requestOf([{ write: items({ kind: 'text', text: 'last' }) }]));
  expect(events.map((event) => [event.kind, event.line?.end])).toEqual([
    ['start', undefined],
    ['text', false],
    ['exit', undefined],
  ]);
});

test('lines of stderr are not parsed', async () => {
  const spoken = items({ kind: 'text', text: 'a' });
  const events = await executor.play(requestOf([{ complain: `${spoken}\n` }]));
  expect(outline(events[1] ?? expect.fail())).toEqual(['output', ['stderr', spoken, true]]);
});

test('the start event names the process, the session and the CLI’s version', async () => {
  const request = requestOf([]);
  const sessionId = 'id' in request.session ? request.session.id : expect.fail();
  const [start] = await executor.play(request);
  expect(start).toMatchObject({ seq: 1, kind: 'start', pid: expect.any(Number), sessionId, cliVersion: '1.2.3' });
});

test('a result after the output cap is still parsed', async () => {
  const late = items({ kind: 'text', text: 'late' });
  const steps = [{ ignore: 'SIGTERM' }, { flood: { text: `${'x'.repeat(99)}\n`, times: 100 } }, { write: `${late}\n` }];
  const limits = { ...LIMITS, outputCapBytes: 500, outputTailBytes: late.length + 101 };
  const events = await executor.play(requestOf(steps, { limits }));
  const kinds = events.map(({ kind }) => kind);
  expect(events.find(({ kind }) => kind === 'dropped')).toMatchObject({ bytes: 10_000 - 500 - 100 });
  expect(kinds.slice(kinds.indexOf('dropped'))).toEqual(['dropped', 'output', 'text', 'exit']);
});

test('kept start and end of the output join without a gap if nothing was dropped', async () => {
  const steps = [{ ignore: 'SIGTERM' }, { write: `${'é'.repeat(50)}\n` }, { complain: 'oh\n' }];
  const events = await executor.play(requestOf(steps, { limits: { ...LIMITS, outputCapBytes: 51, outputTailBytes: 1_000 } }));
  expect(textOf(events)).toBe(`${'é'.repeat(50)}\n`);
  expect(events.some(({ kind }) => kind === 'dropped')).toBe(false);
});

test('a line of the kept end is parsed only if it is complete', async () => {
  const spoken = items({ kind: 'text', text: 'a' });
  const steps = [{ ignore: 'SIGTERM' }, { write: `12345${spoken}\n` }, { write: `${spoken}\n` }];
  const limits = { ...LIMITS, outputCapBytes: 2, outputTailBytes: 2 * (spoken.length + 1) };
  const events = await executor.play(requestOf(steps, { limits }));
  expect(events.filter(({ kind }) => kind === 'text')).toHaveLength(1);
});

test('a line of 20 MB is reported in pieces, and parsed with the last one', async () => {
  const bytes = 20_000_000;
  const steps = [
    { write: `items:[{"kind":"text","text":"long"}${' '.repeat(100)}` },
    { flood: { text: ' '.repeat(100_000), times: bytes / 100_000 } },
    { write: ']\n' },
  ];
  const events = await executor.play(requestOf(steps, { limits: { ...LIMITS, outputCapBytes: 2 * bytes } }));
  const pieces = events.filter(({ line }) => line !== undefined);
  expect(textOf(events).length).toBeGreaterThan(bytes);
  expect(pieces.every(({ line }) => line !== undefined && line.text.length <= EVENT_TEXT_MAX)).toBe(true);
  expect(pieces.filter(({ line }) => line?.end)).toMatchObject([{ kind: 'text', text: 'long' }]);
  expect(pieces.slice(0, -1).every(({ kind }) => kind === 'output')).toBe(true);
});
