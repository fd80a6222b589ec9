import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import type { RunLimits } from '../../container/protocol.ts';
import { exitOf, isExit, LIMITS, requestOf, type Step, startExecutor, textOf } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor();
});

interface Ending {
  title: string;
  steps: Step[];
  limits?: Partial<RunLimits>;
  options?: Record<string, unknown>;
  /** Cancel as soon as the CLI has said that it is ready. */
  isCanceled?: boolean;
  exit: Record<string, unknown>;
  stopping?: Record<string, unknown>;
  stdout?: string;
}

/** Prints a successful result, or another item. */
const item = (fields: object): Step => ({ write: `items:${JSON.stringify([fields])}\n` });
const result = (isError = false): Step =>
  item({ kind: 'result', index: 0, isError, subtype: 'success', errors: [], models: [], denials: [], hasStructured: false });

const LINE = `${'x'.repeat(99)}\n`;

const ENDINGS: Ending[] = [
  {
    title: 'exit 0',
    steps: [{ write: 'hi\n' }],
    exit: { cause: 'exit', code: 0, signal: null, stdoutBytes: 3, stderrBytes: 0 },
    stdout: 'hi\n',
  },
  {
    title: 'exit 3 with its last words on stderr',
    steps: [{ complain: `${'early\n'.repeat(1_000)}no such model\n` }, { exit: 3 }],
    exit: { cause: 'exit', code: 3, signal: null, stderrBytes: 6_014, detail: `${'early\n'.repeat(331)}no such model` },
  },
  {
    title: 'a death by signal',
    steps: [{ die: 'SIGKILL' }, { stay: true }],
    exit: { cause: 'exit', code: 137, signal: 'SIGKILL' },
  },
  {
    title: 'a CLI that cannot be started',
    steps: [],
    options: { unstartable: true },
    exit: { cause: 'spawn_failed', code: null, signal: null, detail: 'spawn E2BIG' },
  },
  {
    title: 'a cancel, keeping what the CLI says after the polite signal',
    steps: [{ on: { signal: 'SIGTERM', steps: [{ write: 'bye\n' }, { exit: 0 }] } }, { write: 'ready\n' }, { stay: true }],
    isCanceled: true,
    stopping: { cause: 'cancel' },
    exit: { cause: 'cancel', code: 0, signal: null },
    stdout: 'ready\nbye\n',
  },
  {
    title: 'a cancel of a CLI without a handler',
    steps: [{ write: 'ready\n' }, { stay: true }],
    isCanceled: true,
    exit: { cause: 'cancel', code: 143, signal: 'SIGTERM' },
  },
  {
    title: 'a cancel of a CLI that ignores the signal, after the grace',
    steps: [{ ignore: 'SIGTERM' }, { write: 'ready\n' }, { stay: true }],
    limits: { cancelGraceMs: 100 },
    isCanceled: true,
    exit: { cause: 'cancel', code: 137, signal: 'SIGKILL' },
  },
  {
    title: 'the idle timeout',
    steps: [{ write: 'ready\n' }, { stay: true }],
    limits: { idleTimeoutMs: 1_500 },
    stopping: { cause: 'idle_timeout', limit: 1_500 },
    exit: { cause: 'idle_timeout', limit: 1_500, code: 143 },
    stdout: 'ready\n',
  },
  {
    title: 'the idle timeout of a CLI that has closed its stdout',
    steps: [{ write: 'ready\n' }, { closeStdout: true }, { stay: true }],
    limits: { idleTimeoutMs: 1_500 },
    exit: { cause: 'idle_timeout', stdoutBytes: 6 },
  },
  {
    title: 'the grace period after a successful result',
    steps: [result(), { stay: true }],
    limits: { resultGraceMs: 300 },
    stopping: { cause: 'answered', limit: 300 },
    exit: { cause: 'answered', limit: 300, code: 143 },
  },
  {
    title: 'the grace period after a successful result of a CLI that has closed its stdout and writes to stderr',
    steps: [result(), { closeStdout: true }, { chatter: 'still here\n' }],
    limits: { resultGraceMs: 300 },
    exit: { cause: 'answered' },
  },
  {
    title: 'the idle timeout after a result that is an error',
    steps: [result(true), { stay: true }],
    limits: { resultGraceMs: 100, idleTimeoutMs: 600 },
    exit: { cause: 'idle_timeout' },
  },
  {
    title: 'the idle timeout after a result, if its request sets no grace period',
    steps: [result(), { stay: true }],
    limits: { idleTimeoutMs: 1_200 },
    exit: { cause: 'idle_timeout' },
  },
  {
    title: 'the grace period after the last event of a turn that the CLI starts by itself',
    steps: [result(), { repeat: { steps: [item({ kind: 'thinking', text: 'more' })], everyMs: 100, times: 8 } }, { stay: true }],
    limits: { resultGraceMs: 500 },
    exit: { cause: 'answered' },
  },
  {
    title: 'the run timeout, however much the CLI says',
    steps: [{ chatter: 'still here\n' }],
    limits: { runTimeoutMs: 2_500, idleTimeoutMs: 2_000 },
    stopping: { cause: 'run_timeout', limit: 2_500 },
    exit: { cause: 'run_timeout', limit: 2_500, code: 143 },
  },
  {
    title: 'the output cap, with the head and the tail of the output',
    steps: [{ on: { signal: 'SIGTERM', steps: [{ exit: 143 }] } }, { flood: { text: LINE, times: 50 } }, { stay: true }],
    limits: { outputCapBytes: 1_050, outputTailBytes: 250 },
    stopping: { cause: 'output_cap', limit: 1_050 },
    exit: { cause: 'output_cap', limit: 1_050, code: 143, stdoutBytes: 5_000 },
    stdout: `${LINE.repeat(10)}${'x'.repeat(50)}${'x'.repeat(49)}\n${LINE.repeat(2)}`,
  },
];

test.for(ENDINGS)('a run ends with $title', async ({ steps, limits, options = {}, isCanceled, exit, stopping, stdout }) => {
  const { id } = await executor.put(requestOf(steps, { options, limits: { ...LIMITS, ...limits } }));
  const events = await executor.readUntil(id, (event) => event.line?.text === 'ready' || isExit(event));
  if (isCanceled) expect(await executor.call('DELETE', `/runs/${id}`)).toEqual({ status: 202, text: '{"over":false}' });
  if (!events.some(isExit)) events.push(...(await executor.readUntil(id, isExit, events.length)));
  expect(exitOf(events)).toMatchObject(exit);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  if (stopping) expect(events.filter(({ kind }) => kind === 'stopping')).toMatchObject([stopping]);
  if (stdout !== undefined) expect(textOf(events)).toBe(stdout);
});

test.each([
  ['that is too long', 200_000, { flood: { text: LINE, times: 5_000 } }],
  ['without room for its last event', 8_192, { repeat: { steps: [{ write: 'x\n' }], everyMs: 2, times: 2_000 } }],
])('a run with a log file %s is ended, and its log keeps whole lines', async (_what, fileMaxBytes, step) => {
  const own = await startExecutor();
  execFileSync('prlimit', ['--pid', String(own.pid), `-f${fileMaxBytes}`]);
  const events = await own.play(requestOf([step, { stay: true }]));
  expect(exitOf(events)).toMatchObject({ cause: 'executor_lost', detail: expect.stringContaining('EFBIG') });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
});
