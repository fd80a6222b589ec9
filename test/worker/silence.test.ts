import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { Event } from '../../container/protocol.ts';
import { readConfig } from '../../src/config.ts';
import { driveJob } from '../../src/job/drive.ts';
import { ANSWER_MARGIN_MS, type ExecutorClient } from '../../src/runner/executor-client.ts';
import { type ExecutorReply, type FaultCode, faultOf } from '../../src/runner/executor-reply.ts';
import { admittedIn, CLOSED_GATE, jobOf, specOf } from './helpers/jobs.ts';

const { executorLostMs, executorSilentMs } = readConfig({}).limits;
const TOO_LONG_MS = 600_000;
const TAKEN = { kind: 'ok', value: null } as const;

/** How the executor answers at a time. `lasts` is the time until the reply, if it is not the whole wait. */
interface Moment {
  reply: FaultCode | 'answers';
  lasts?: number;
}

/** Drives a running job whose executor answers like this, at 0 ms and later. An answer ends the run. Returns the end and its time. */
async function drive(at: (now: number, asks: number) => Moment) {
  let now = 0;
  let asks = 0;
  const exit: Event = { seq: 1, at: 1, kind: 'exit', cause: 'exit', code: 0, signal: null, stdoutBytes: 0, stderrBytes: 0 };
  const executor: ExecutorClient = {
    health: async () => ({ kind: 'unanswered', error: faultOf('executor_silent') }),
    wake: async () => ({ kind: 'unanswered', error: faultOf('executor_silent') }),
    start: async () => TAKEN,
    events: async (_run, _after, waitMs): Promise<ExecutorReply<Event[]>> => {
      const { reply, lasts } = at(now, asks);
      asks += 1;
      now += lasts ?? (reply === 'executor_silent' ? waitMs + ANSWER_MARGIN_MS : 1);
      return reply === 'answers' ? { kind: 'ok', value: [exit] } : { kind: 'unanswered', error: faultOf(reply) };
    },
    cancel: async () => TAKEN,
    answer: async () => TAKEN,
    erase: async () => TAKEN,
  };
  const spec = specOf([]);
  return runInDurableObject(jobOf(spec), async (_job, { storage }) => {
    const store = admittedIn(storage, spec);
    store.start(0);
    const sleep = async (ms: number) => {
      now += ms;
    };
    const clock = { now: () => now, sleep, changed: () => {}, openApproval: async () => {} };
    await driveJob({ store, executor, gate: CLOSED_GATE, executorLostMs, executorSilentMs, ...clock }, TOO_LONG_MS, 'running');
    const ending = store.job()?.ending;
    await storage.deleteAll();
    return { reason: ending?.reason, message: ending?.error?.message, atMs: now };
  });
}

test.each([
  [
    'this side was paused for 20 s while it asked',
    (_now, asks) => (asks === 0 ? { reply: 'executor_silent', lasts: 20_000 } : { reply: 'answers' }),
  ],
  [
    'this side was paused again and again',
    (_now, asks) => (asks < 9 ? { reply: 'executor_silent', lasts: 60_000 } : { reply: 'answers' }),
  ],
  [
    'this side was paused while the executor was down for a moment',
    (now, asks) =>
      asks < 11
        ? { reply: 'executor_unreachable', lasts: asks === 10 ? 60_000 : 1 }
        : { reply: now < 70_000 ? 'executor_unreachable' : 'answers' },
  ],
  ['the clock went back', (_now, asks) => (asks === 0 ? { reply: 'executor_silent', lasts: -3_600_000 } : { reply: 'answers' })],
  ['the executor was paused for 14 s', (now) => (now < 14_000 ? { reply: 'executor_silent' } : { reply: 'answers' })],
  ['the executor was paused for 20 s', (now) => (now < 20_000 ? { reply: 'executor_silent' } : { reply: 'answers' })],
  [
    'the executor is back when it is asked once more after the limit',
    (now) =>
      now < executorLostMs ? { reply: 'executor_unreachable', lasts: now < 10_000 ? 1 : ANSWER_MARGIN_MS } : { reply: 'answers' },
  ],
  [
    'a connection breaks after the executor was paused for 14 s',
    (now, asks) =>
      now < 14_000 ? { reply: 'executor_silent' } : asks < 4 ? { reply: 'executor_unreachable' } : { reply: 'answers' },
  ],
] satisfies [string, (now: number, asks: number) => Moment][])('a run is not given up because %s', async (_why, at) => {
  expect(await drive(at)).toMatchObject({ reason: 'no_result' });
});

test.each([
  ['refuses connections', 'executor_unreachable', executorLostMs, 'The executor cannot be reached. It was asked for 13 s.'],
  ['is silent', 'executor_silent', executorSilentMs, 'The executor did not answer. It was asked for'],
  [
    'does not accept the token',
    'unauthorized',
    executorLostMs,
    'The executor does not accept the token of the gateway. It was asked',
  ],
] satisfies [string, FaultCode, number, string][])(
  'the run of an executor that %s is given up in bounded time',
  async (_how, reply, limitMs, words) => {
    const { reason, message, atMs } = await drive(() => ({ reply }));
    expect({ reason, message }).toEqual({ reason: 'executor_lost', message: expect.stringContaining(words) });
    expect(atMs).toBeGreaterThan(limitMs);
    expect(atMs).toBeLessThan(limitMs + 3 * ANSWER_MARGIN_MS);
  },
);

test('a run whose events cannot be read ends with the versions, not as the loss of its executor', async () => {
  const { reason, message } = await drive(() => ({ reply: 'protocol_mismatch' }));
  expect({ reason, message }).toEqual({
    reason: 'protocol_mismatch',
    message: expect.stringContaining('deploy Worker and executor'),
  });
});
